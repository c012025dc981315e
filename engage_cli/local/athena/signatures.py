# ruff: noqa: E501 - signatures read better on one line
"""What Trino's functions take and give: one line for each signature, as its documentation writes them.

In a signature T, U, K and V stand for any type, x for the length of a text, p and s for the precision and
scale of a decimal or the digits of a second. A last argument with `...` may repeat. Functions that are not
here are not checked before they run.
"""

from dataclasses import dataclass
from functools import cache

_TEXT = """
lower(varchar(x)) varchar(x) | upper(varchar(x)) varchar(x) | reverse(varchar(x)) varchar(x)
reverse(varbinary) varbinary | reverse(array(T)) array(T)
length(varchar(x)) bigint | length(char(x)) bigint | length(varbinary) bigint
trim(varchar(x)) varchar(x) | ltrim(varchar(x)) varchar(x) | rtrim(varchar(x)) varchar(x)
ltrim(varchar(x), varchar) varchar(x) | rtrim(varchar(x), varchar) varchar(x) | trim(varchar(x), varchar) varchar(x)
substr(varchar(x), bigint) varchar(x) | substr(varchar(x), bigint, bigint) varchar(x)
substr(varbinary, bigint) varbinary | substr(varbinary, bigint, bigint) varbinary
substring(varchar(x), bigint) varchar(x) | substring(varchar(x), bigint, bigint) varchar(x)
substring(varbinary, bigint) varbinary | substring(varbinary, bigint, bigint) varbinary
lpad(varchar, bigint, varchar) varchar | rpad(varchar, bigint, varchar) varchar
lpad(varbinary, bigint, varbinary) varbinary | rpad(varbinary, bigint, varbinary) varbinary
replace(varchar, varchar) varchar | replace(varchar, varchar, varchar) varchar
translate(varchar, varchar, varchar) varchar
strpos(varchar, varchar) bigint | strpos(varchar, varchar, bigint) bigint
split(varchar, varchar) array(varchar) | split(varchar, varchar, bigint) array(varchar)
split_part(varchar, varchar, bigint) varchar
split_to_map(varchar, varchar, varchar) map(varchar, varchar)
split_to_multimap(varchar, varchar, varchar) map(varchar, array(varchar))
starts_with(varchar, varchar) boolean | levenshtein_distance(varchar, varchar) bigint
hamming_distance(varchar, varchar) bigint | soundex(varchar) varchar(4) | luhn_check(varchar) boolean
chr(bigint) varchar(1) | codepoint(varchar(1)) integer
concat_ws(varchar, array(varchar)) varchar | concat_ws(varchar, varchar...) varchar
regexp_like(varchar, varchar) boolean | regexp_count(varchar, varchar) bigint
regexp_extract(varchar, varchar) varchar | regexp_extract(varchar, varchar, bigint) varchar
regexp_extract_all(varchar, varchar) array(varchar) | regexp_extract_all(varchar, varchar, bigint) array(varchar)
regexp_split(varchar, varchar) array(varchar)
regexp_position(varchar, varchar) integer | regexp_position(varchar, varchar, bigint) integer
regexp_position(varchar, varchar, bigint, bigint) integer
regexp_replace(varchar, varchar) varchar | regexp_replace(varchar, varchar, varchar) varchar
word_stem(varchar) varchar | word_stem(varchar, varchar) varchar
to_utf8(varchar) varbinary | from_utf8(varbinary) varchar | from_utf8(varbinary, varchar) varchar
from_utf8(varbinary, bigint) varchar
to_hex(varbinary) varchar | from_hex(varchar) varbinary | to_base64(varbinary) varchar | from_base64(varchar) varbinary
to_base64url(varbinary) varchar | from_base64url(varchar) varbinary
to_base32(varbinary) varchar | from_base32(varchar) varbinary
md5(varbinary) varbinary | sha1(varbinary) varbinary | sha256(varbinary) varbinary | sha512(varbinary) varbinary
xxhash64(varbinary) varbinary | murmur3(varbinary) varbinary | crc32(varbinary) bigint
hmac_md5(varbinary, varbinary) varbinary | hmac_sha1(varbinary, varbinary) varbinary
hmac_sha256(varbinary, varbinary) varbinary | hmac_sha512(varbinary, varbinary) varbinary
to_big_endian_64(bigint) varbinary | from_big_endian_64(varbinary) bigint
to_big_endian_32(integer) varbinary | from_big_endian_32(varbinary) integer
to_ieee754_64(double) varbinary | from_ieee754_64(varbinary) double
to_ieee754_32(real) varbinary | from_ieee754_32(varbinary) real
url_extract_host(varchar) varchar | url_extract_port(varchar) bigint | url_extract_path(varchar) varchar
url_extract_protocol(varchar) varchar | url_extract_query(varchar) varchar | url_extract_fragment(varchar) varchar
url_extract_parameter(varchar, varchar) varchar | url_encode(varchar) varchar | url_decode(varchar) varchar
parse_data_size(varchar) decimal(38,0) | format_number(bigint) varchar | format_number(double) varchar
"""
_NUMBERS = """
abs(tinyint) tinyint | abs(smallint) smallint | abs(integer) integer | abs(bigint) bigint | abs(double) double
abs(real) real | abs(decimal(p,s)) decimal(p,s)
sqrt(double) double | cbrt(double) double | exp(double) double | ln(double) double | log2(double) double
log10(double) double | log(double, double) double | power(double, double) double | pow(double, double) double
sin(double) double | cos(double) double | tan(double) double | asin(double) double | acos(double) double
atan(double) double | atan2(double, double) double | sinh(double) double | cosh(double) double | tanh(double) double
degrees(double) double | radians(double) double | pi() double | e() double | nan() double | infinity() double
is_nan(double) boolean | is_nan(real) boolean | is_finite(double) boolean | is_infinite(double) boolean
sign(tinyint) tinyint | sign(smallint) smallint | sign(integer) integer | sign(bigint) bigint | sign(double) double
sign(real) real | sign(decimal(p,s)) decimal(1,0)
from_base(varchar, bigint) bigint | to_base(bigint, bigint) varchar
width_bucket(double, double, double, bigint) bigint | width_bucket(double, array(double)) bigint
normal_cdf(double, double, double) double | inverse_normal_cdf(double, double, double) double
wilson_interval_lower(bigint, bigint, double) double | wilson_interval_upper(bigint, bigint, double) double
cosine_similarity(map(varchar, double), map(varchar, double)) double
random() double | random(tinyint) tinyint | random(smallint) smallint | random(integer) integer | random(bigint) bigint
random(integer, integer) integer | random(bigint, bigint) bigint
bit_count(bigint, bigint) bigint | bitwise_and(bigint, bigint) bigint | bitwise_or(bigint, bigint) bigint
bitwise_xor(bigint, bigint) bigint | bitwise_not(bigint) bigint
uuid() uuid | human_readable_seconds(double) varchar
"""
_DATES = """
date(varchar) date | date(timestamp(p)) date | date(timestamp(p) with time zone) date | date(date) date
date_add(varchar, bigint, date) date | date_add(varchar, bigint, timestamp(p)) timestamp(p)
date_add(varchar, bigint, timestamp(p) with time zone) timestamp(p) with time zone
date_add(varchar, bigint, time(p)) time(p)
date_diff(varchar, date, date) bigint | date_diff(varchar, timestamp(p), timestamp(p)) bigint
date_diff(varchar, timestamp(p) with time zone, timestamp(p) with time zone) bigint
date_diff(varchar, time(p), time(p)) bigint
date_trunc(varchar, date) date | date_trunc(varchar, timestamp(p)) timestamp(p)
date_trunc(varchar, timestamp(p) with time zone) timestamp(p) with time zone | date_trunc(varchar, time(p)) time(p)
date_format(timestamp(p), varchar) varchar | date_format(timestamp(p) with time zone, varchar) varchar
format_datetime(timestamp(p), varchar) varchar | format_datetime(timestamp(p) with time zone, varchar) varchar
date_parse(varchar, varchar) timestamp(3) | parse_datetime(varchar, varchar) timestamp(3) with time zone
from_unixtime(double) timestamp(3) with time zone | from_unixtime(double, varchar) timestamp(3) with time zone
from_unixtime(double, bigint, bigint) timestamp(3) with time zone
to_unixtime(timestamp(p)) double | to_unixtime(timestamp(p) with time zone) double
from_iso8601_date(varchar) date | from_iso8601_timestamp(varchar) timestamp(3) with time zone
to_iso8601(date) varchar(16) | to_iso8601(timestamp(p)) varchar | to_iso8601(timestamp(p) with time zone) varchar
with_timezone(timestamp(p), varchar) timestamp(p) with time zone
at_timezone(timestamp(p) with time zone, varchar) timestamp(p) with time zone
now() timestamp(3) with time zone | current_timezone() varchar
last_day_of_month(date) date | last_day_of_month(timestamp(p)) date | last_day_of_month(timestamp(p) with time zone) date
to_milliseconds(interval day to second) bigint | parse_duration(varchar) interval day to second
"""
# Fields of a date, and of its times.
_FIELDS = (
    "year month day quarter week week_of_year day_of_month day_of_week dow day_of_year doy year_of_week yow"
)
_TIME_FIELDS = "hour minute second millisecond"
_COLLECTIONS = """
cardinality(array(T)) bigint | cardinality(map(K, V)) bigint
array_distinct(array(T)) array(T) | array_union(array(T), array(T)) array(T) | array_intersect(array(T), array(T)) array(T)
array_except(array(T), array(T)) array(T) | array_sort(array(T)) array(T) | array_max(array(T)) T | array_min(array(T)) T
array_position(array(T), T) bigint | array_position(array(T), T, bigint) bigint
array_remove(array(T), T) array(T) | arrays_overlap(array(T), array(T)) boolean
array_join(array(T), varchar) varchar | array_join(array(T), varchar, varchar) varchar
contains(array(T), T) boolean | contains_sequence(array(T), array(T)) boolean | flatten(array(array(T))) array(T)
slice(array(T), bigint, bigint) array(T) | trim_array(array(T), bigint) array(T) | shuffle(array(T)) array(T)
ngrams(array(T), bigint) array(array(T)) | combinations(array(T), bigint) array(array(T)) | repeat(T, bigint) array(T)
array_histogram(array(T)) map(T, bigint)
element_at(array(T), bigint) T | element_at(map(K, V), K) V
sequence(bigint, bigint) array(bigint) | sequence(bigint, bigint, bigint) array(bigint)
sequence(date, date) array(date) | sequence(date, date, interval day to second) array(date)
sequence(date, date, interval year to month) array(date)
sequence(timestamp(p), timestamp(p), interval day to second) array(timestamp(p))
sequence(timestamp(p), timestamp(p), interval year to month) array(timestamp(p))
map() map(unknown, unknown) | map(array(K), array(V)) map(K, V) | map_keys(map(K, V)) array(K)
map_values(map(K, V)) array(V)
map_entries(map(K, V)) array(row(K, V)) | map_from_entries(array(row(K, V))) map(K, V)
multimap_from_entries(array(row(K, V))) map(K, array(V)) | map_concat(map(K, V), map(K, V)...) map(K, V)
json_extract(json, varchar) json | json_extract(varchar, varchar) json
json_extract_scalar(json, varchar) varchar | json_extract_scalar(varchar, varchar) varchar
json_parse(varchar) json | json_format(json) varchar
json_array_length(json) bigint | json_array_length(varchar) bigint
json_array_contains(json, T) boolean | json_array_contains(varchar, T) boolean
json_array_get(json, bigint) json | json_array_get(varchar, bigint) json
json_size(json, varchar) bigint | json_size(varchar, varchar) bigint
is_json_scalar(json) boolean | is_json_scalar(varchar) boolean
"""
_AGGREGATES = """
sum(bigint) bigint | sum(real) real | sum(double) double | sum(decimal(p,s)) decimal(38,s)
sum(interval day to second) interval day to second | sum(interval year to month) interval year to month
avg(bigint) double | avg(real) real | avg(double) double | avg(decimal(p,s)) decimal(p,s)
avg(interval day to second) interval day to second | avg(interval year to month) interval year to month
count(T) bigint | count() bigint | count_if(boolean) bigint | approx_distinct(T) bigint | approx_distinct(T, double) bigint
min(T) T | max(T) T | min(T, bigint) array(T) | max(T, bigint) array(T) | arbitrary(T) T | any_value(T) T
max_by(T, U) T | min_by(T, U) T | max_by(T, U, bigint) array(T) | min_by(T, U, bigint) array(T)
bool_and(boolean) boolean | bool_or(boolean) boolean | every(boolean) boolean
array_agg(T) array(T) | set_agg(T) array(T) | set_union(array(T)) array(T)
map_agg(K, V) map(K, V) | multimap_agg(K, V) map(K, array(V)) | map_union(map(K, V)) map(K, V)
histogram(T) map(T, bigint) | checksum(T) varbinary | listagg(varchar, varchar) varchar | listagg(varchar) varchar
stddev(double) double | stddev_pop(double) double | stddev_samp(double) double
variance(double) double | var_pop(double) double | var_samp(double) double
corr(double, double) double | covar_pop(double, double) double | covar_samp(double, double) double
regr_slope(double, double) double | regr_intercept(double, double) double
geometric_mean(bigint) double | geometric_mean(double) double | geometric_mean(real) real
skewness(double) double | kurtosis(double) double | entropy(bigint) double
bitwise_and_agg(bigint) bigint | bitwise_or_agg(bigint) bigint | bitwise_xor_agg(bigint) bigint
row_number() bigint | rank() bigint | dense_rank() bigint | percent_rank() double | cume_dist() double | ntile(bigint) bigint
first_value(T) T | last_value(T) T | nth_value(T, bigint) T
lag(T) T | lag(T, bigint) T | lag(T, bigint, T) T | lead(T) T | lead(T, bigint) T | lead(T, bigint, T) T
"""


@dataclass(frozen=True)
class Signature:
    """`arguments` and `result` as patterns; `repeats` if the last argument may come again."""

    text: str
    arguments: tuple[str, ...]
    result: str
    repeats: bool


def split(text: str) -> list[str]:
    """Return the parts of a list that are separated by commas outside of parentheses."""
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and not depth:
            parts.append(text[start:i].strip())
            start = i + 1
    return [part for part in (*parts, text[start:].strip()) if part]


def _signature(line: str) -> tuple[str, Signature]:
    depth, end = 0, 0
    start = line.index("(")
    for end in range(start, len(line)):
        depth += (line[end] == "(") - (line[end] == ")")
        if not depth:
            break
    inner = line[start + 1 : end]
    arguments = split(inner.removesuffix("..."))
    return line[:start], Signature(line[: end + 1], tuple(arguments), line[end + 1 :].strip(), "..." in inner)


@cache
def signatures() -> dict[str, list[Signature]]:
    """Return the signatures of each function by its name."""
    lines = [
        line for block in (_TEXT, _NUMBERS, _DATES, _COLLECTIONS, _AGGREGATES) for line in block.split("\n")
    ]
    days = ("date", "timestamp(p)", "timestamp(p) with time zone")
    for names, kinds in ((_FIELDS, days), (_TIME_FIELDS, (*days[1:], "time(p)", "interval day to second"))):
        lines += [f"{name}({kind}) bigint" for name in names.split() for kind in kinds]
    lines += [f"{name}(interval year to month) bigint" for name in ("year", "month")]
    lines += ["day(interval day to second) bigint"]
    found: dict[str, list[Signature]] = {}
    for line in (part.strip() for text in lines for part in text.split(" | ") if part.strip()):
        name, signature = _signature(line)
        found.setdefault(name, []).append(signature)
    return found
