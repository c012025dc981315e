"""Functions of Trino that DuckDB cannot do exactly, in Python: one value at a time, for what is rarely large.

Each takes no NULL and gives NULL for none; a failure raises QueryError, whose text DuckDB hands on.
"""

import hashlib
import hmac
import json
import re
import struct
import unicodedata
import zlib
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from statistics import NormalDist
from typing import Any
from urllib.parse import parse_qsl, quote_plus, unquote_plus, urlsplit

from engage_cli.local.athena.errors import QueryError
from engage_cli.local.athena.json_shapes import Shape, shaped
from engage_cli.local.athena.macro_parts import ZONED
from engage_cli.local.athena.python_bytes import MORE
from engage_cli.local.athena.python_format import format_text


def _invalid(message: str) -> QueryError:
    return QueryError("INVALID_FUNCTION_ARGUMENT", message)


def _raise(message: str) -> bool:
    code, _, text = message.partition(": ")
    raise QueryError(code, text)


def _json_parse(text: str) -> str:
    """Canonical JSON, keys in order, as Trino keeps it."""
    try:
        parsed = json.loads(text, parse_constant=lambda name: json.loads("!"))
    except ValueError as error:
        raise _invalid(f"Cannot convert value to JSON: '{text}'") from error
    return json.dumps(parsed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _json_number(text: str, path: str) -> str | None:
    """A number with the digits that are written; `path` is one of `functions_json.duckdb_path`."""
    value = json.loads(text, parse_float=str, parse_int=str)
    for name, place in re.findall(r'\."((?:[^"\\]|\\.)*)"|\[(\d+)\]', path):
        value = value[int(place)] if place else value[json.loads(f'"{name}"')]
    return str(value)


@lru_cache(maxsize=256)
def _shape(text: str) -> Shape:
    parsed: Shape = json.loads(text)
    return parsed


def _json_shape(text: str, shape: str) -> str:
    return json.dumps(shaped(json.loads(text), _shape(shape)), separators=(",", ":"), ensure_ascii=False)


def _quotient(dividend: str, divisor: str) -> str:
    """Of decimals: with the larger of the two scales, half up. https://trino.io/docs/current/functions/decimal.html"""
    above, below = Decimal(dividend), Decimal(divisor)
    if not below:
        raise QueryError("DIVISION_BY_ZERO", "Division by zero")
    scale = max(len(text.partition(".")[2]) for text in (dividend, divisor))
    with localcontext(prec=120):
        return str((above / below).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP))


def _hive_hash(text: str) -> int:
    """Hive's hash of a text, by which rows are put into buckets: 31 * h + byte, in 32 bits."""
    total = 0
    for byte in text.encode():
        total = (31 * total + (byte if byte < 128 else byte - 256)) & 0xFFFFFFFF
    return total


def _pattern(pattern: str) -> re.Pattern[str]:
    """A Java pattern as Python's, as far as the two differ in writing."""
    try:
        return re.compile(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", pattern), re.ASCII)
    except re.error as error:
        raise _invalid(f"{error} in pattern {pattern}") from error


def _regexp_like(text: str, pattern: str) -> bool:
    return _pattern(pattern).search(text) is not None


def _regexp_extract(text: str, pattern: str, group: int) -> str | None:
    compiled = _pattern(pattern)
    if not 0 <= group <= compiled.groups:
        raise _invalid(f"Pattern has {compiled.groups} groups. Cannot access group {group}")
    found = compiled.search(text)
    return None if found is None else found.group(group)


def _regexp_position(text: str, pattern: str, start: int, occurrence: int) -> int:
    if start < 1 or occurrence < 1:
        raise _invalid("start and occurrence must be 1 or more")
    matches = list(_pattern(pattern).finditer(text, start - 1))
    return matches[occurrence - 1].start() + 1 if len(matches) >= occurrence else -1


def _regexp_replace(text: str, pattern: str, replacement: str) -> str:
    """`replacement` in Java's form: $1, ${name}, and a backslash before what stands for itself."""

    def expand(match: re.Match[str]) -> str:
        def part(piece: re.Match[str]) -> str:
            if piece[1] is not None:
                return piece[1]
            return match.group(int(piece[2]) if piece[2] else piece[3]) or ""

        return re.sub(r"\\(.)|\$(\d+)|\$\{(\w+)\}", part, replacement)

    return _pattern(pattern).sub(expand, text)


def _regexp_pieces(text: str, pattern: str) -> list[dict[str, Any]]:
    """What stands before each match, with its groups, and last what stands after all."""
    pieces, place = [], 0
    for match in _pattern(pattern).finditer(text):
        pieces.append({"before": text[place : match.start()], "groups": list(match.groups()), "last": False})
        place = match.end()
    return [*pieces, {"before": text[place:], "groups": [], "last": True}]


def _format_number(value: float) -> str:
    for size, unit in ((10**15, "Q"), (10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K")):
        if abs(value) >= size:
            return f"{float(f'{value / size:.3g}'):g}{unit}"
    return f"{float(f'{value:.3g}'):g}"


_DURATIONS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}


def _parse_duration(text: str) -> timedelta:
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", text)
    if found is None or found[2] not in _DURATIONS:
        raise _invalid(f"duration is not a valid data duration string: {text}")
    return timedelta(milliseconds=round(float(found[1]) * _DURATIONS[found[2]] * 1000))


def _parse_data_size(text: str) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(B|kB|MB|GB|TB|PB|EB)", text)
    if found is None:
        raise _invalid(f"Invalid data size: '{text}'")
    return int(Fraction(found[1]) * 1024 ** ("B", "kB", "MB", "GB", "TB", "PB", "EB").index(found[2]))


def _human_readable_seconds(seconds: float) -> str:
    left, parts = round(abs(seconds)), []
    for name, size in (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}{'s' if count > 1 else ''}")
    return ", ".join(parts) or "0 seconds"


def _iso_date(text: str) -> date:
    try:
        if found := re.fullmatch(r"(\d{4})-?(\d{3})", text):
            return date(int(found[1]), 1, 1) + timedelta(days=int(found[2]) - 1)
        if found := re.fullmatch(r"(\d{4})-W(\d{2})(?:-(\d))?", text):
            return date.fromisocalendar(int(found[1]), int(found[2]), int(found[3] or 1))
        if found := re.fullmatch(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", text):
            return date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
    except ValueError:
        pass  # said below, in Trino's words
    raise _invalid(f'Invalid format: "{text}"')


def _iso_timestamp(text: str) -> dict[str, Any]:
    """The instant, in UTC, and its zone."""
    day, _, rest = text.partition("T")
    found = re.fullmatch(r"(\d{2})?(?::(\d{2}))?(?::(\d{2}(?:[.,]\d+)?))?(Z|[+-]\d{2}(?::?\d{2})?)?", rest)
    if found is None:
        raise _invalid(f'Invalid format: "{text}"')
    start = datetime.combine(_iso_date(day), datetime.min.time())
    seconds = float((found[3] or "0").replace(",", "."))
    wall = start + timedelta(
        hours=int(found[1] or 0), minutes=int(found[2] or 0), milliseconds=round(seconds * 1000)
    )
    zone = found[4]
    if zone is None or zone == "Z":
        return {"__utc": wall, "__zone": "UTC"}
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:])) * (-1 if zone[0] == "-" else 1)
    return {"__utc": wall - offset, "__zone": f"{zone[0]}{digits[:2]}:{digits[2:]}"}


_SOUNDS = {
    letter: digit
    for digit, letters in enumerate(("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"), 1)
    for letter in letters
}


def _soundex(text: str) -> str:
    letters = [c for c in text.upper() if "A" <= c <= "Z"]
    if not letters:
        return ""
    code, last = letters[0], _SOUNDS.get(letters[0])
    for letter in letters[1:]:
        sound = _SOUNDS.get(letter)
        if sound is not None and sound != last:
            code += str(sound)
        if letter not in "HW":
            last = sound
    return code[:4].ljust(4, "0")


def _luhn_check(text: str) -> bool:
    if not re.fullmatch(r"\d*", text, re.ASCII):
        raise _invalid("Cannot cast to a number: " + text)
    digits = [int(c) for c in reversed(text)]
    return bool(digits) and sum(digits[0::2] + [sum(divmod(2 * d, 10)) for d in digits[1::2]]) % 10 == 0


def _url(part: Callable[[Any], str | int | None]) -> Callable[[str], str | int | None]:
    def extract(text: str) -> str | int | None:
        try:
            return part(urlsplit(text))
        except ValueError:
            return None

    return extract


def _url_parameter(text: str, name: str) -> str | None:
    return next((v for k, v in parse_qsl(urlsplit(text).query, keep_blank_values=True) if k == name), None)


def _from_utf8(data: bytes, replacement: str) -> str:
    return data.decode(errors="replace").replace("\ufffd", replacement)


_PRIMES = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
_64 = 2**64 - 1


def _rotate(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _64


def _round(total: int, lane: int) -> int:
    return _rotate((total + lane * _PRIMES[1]) & _64, 31) * _PRIMES[0] & _64


def _xxhash64(data: bytes) -> bytes:
    """XXH64 with seed 0, big-endian: https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md."""
    p1, p2, p3, p4, p5 = _PRIMES
    place, size = 0, len(data)
    if size >= 32:
        lanes = [(p1 + p2) & _64, p2, 0, -p1 & _64]
        while place + 32 <= size:
            for i in range(4):
                start = place + 8 * i
                lanes[i] = _round(lanes[i], int.from_bytes(data[start : start + 8], "little"))
            place += 32
        total = sum(_rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & _64
        for lane in lanes:
            total = ((total ^ _round(0, lane)) * p1 + p4) & _64
    else:
        total = p5
    total = (total + size) & _64
    while place + 8 <= size:
        total ^= _round(0, int.from_bytes(data[place : place + 8], "little"))
        total, place = (_rotate(total, 27) * p1 + p4) & _64, place + 8
    if place + 4 <= size:
        total ^= int.from_bytes(data[place : place + 4], "little") * p1 & _64
        total, place = (_rotate(total, 23) * p2 + p3) & _64, place + 4
    for byte in data[place:]:
        total = _rotate(total ^ (byte * p5 & _64), 11) * p1 & _64
    total = (total ^ (total >> 33)) * p2 & _64
    total = (total ^ (total >> 29)) * p3 & _64
    return (total ^ (total >> 32)).to_bytes(8, "big")


def _normal_cdf(mean: float, deviation: float, value: float) -> float:
    if deviation <= 0:
        raise _invalid("standardDeviation must be > 0")
    return NormalDist(mean, deviation).cdf(value)


def _inverse_normal_cdf(mean: float, deviation: float, probability: float) -> float:
    if not 0 < probability < 1:
        raise _invalid("p must be 0 > p > 1")
    if deviation <= 0:
        raise _invalid("sd must be > 0")
    return NormalDist(mean, deviation).inv_cdf(probability)


def _hmac(name: str) -> Callable[[bytes, bytes], bytes]:
    return lambda data, key: hmac.new(key, data, name).digest()


# Name: the function, DuckDB's types of its arguments and of its result.
FUNCTIONS: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    "python_raise": (_raise, ["VARCHAR"], "BOOLEAN"),
    "python_json_parse": (_json_parse, ["VARCHAR"], "VARCHAR"),
    "python_json_number": (_json_number, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "python_json_shape": (_json_shape, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "python_quotient": (_quotient, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "python_hive_hash": (_hive_hash, ["VARCHAR"], "BIGINT"),
    "python_regexp_like": (_regexp_like, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "python_regexp_extract": (_regexp_extract, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR"),
    "python_regexp_position": (_regexp_position, ["VARCHAR", "VARCHAR", "BIGINT", "BIGINT"], "BIGINT"),
    "python_regexp_replace": (_regexp_replace, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
    "python_regexp_pieces": (
        _regexp_pieces, ["VARCHAR", "VARCHAR"],
        'STRUCT("before" VARCHAR, "groups" VARCHAR[], "last" BOOLEAN)[]',
    ),
    **MORE,
    "python_format": (format_text, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "python_format_number": (_format_number, ["DOUBLE"], "VARCHAR"),
    "python_parse_duration": (_parse_duration, ["VARCHAR"], "INTERVAL"),
    "python_parse_data_size": (_parse_data_size, ["VARCHAR"], "DECIMAL(38, 0)"),
    "python_human_readable_seconds": (_human_readable_seconds, ["DOUBLE"], "VARCHAR"),
    "python_iso_date": (_iso_date, ["VARCHAR"], "DATE"),
    "python_iso_timestamp": (_iso_timestamp, ["VARCHAR"], ZONED),
    "python_soundex": (_soundex, ["VARCHAR"], "VARCHAR"),
    "python_luhn_check": (_luhn_check, ["VARCHAR"], "BOOLEAN"),
    "python_normalize": (
        lambda text, form: unicodedata.normalize(form, text), ["VARCHAR", "VARCHAR"], "VARCHAR",
    ),
    "python_url_host": (_url(lambda u: u.hostname), ["VARCHAR"], "VARCHAR"),
    "python_url_port": (_url(lambda u: u.port), ["VARCHAR"], "BIGINT"),
    "python_url_path": (_url(lambda u: unquote_plus(u.path.replace("+", "%2B"))), ["VARCHAR"], "VARCHAR"),
    "python_url_protocol": (_url(lambda u: u.scheme or None), ["VARCHAR"], "VARCHAR"),
    "python_url_query": (_url(lambda u: u.query), ["VARCHAR"], "VARCHAR"),
    "python_url_fragment": (_url(lambda u: u.fragment), ["VARCHAR"], "VARCHAR"),
    "python_url_parameter": (_url_parameter, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "python_url_encode": (
        lambda text: quote_plus(text, safe="*").replace("~", "%7E"), ["VARCHAR"], "VARCHAR",
    ),
    "python_url_decode": (lambda text: unquote_plus(text), ["VARCHAR"], "VARCHAR"),
    "python_from_utf8": (_from_utf8, ["BLOB", "VARCHAR"], "VARCHAR"),
    "python_reverse": (lambda data: data[::-1], ["BLOB"], "BLOB"),
    "python_crc32": (lambda data: zlib.crc32(data), ["BLOB"], "BIGINT"),
    "python_sha512": (lambda data: hashlib.sha512(data).digest(), ["BLOB"], "BLOB"),
    "python_xxhash64": (_xxhash64, ["BLOB"], "BLOB"),
    **{
        f"python_hmac_{name}": (_hmac(name), ["BLOB", "BLOB"], "BLOB")
        for name in ("md5", "sha1", "sha256", "sha512")
    },
    "python_normal_cdf": (_normal_cdf, ["DOUBLE", "DOUBLE", "DOUBLE"], "DOUBLE"),
    "python_inverse_normal_cdf": (_inverse_normal_cdf, ["DOUBLE", "DOUBLE", "DOUBLE"], "DOUBLE"),
    "python_double_bytes": (lambda value: struct.pack(">d", value), ["DOUBLE"], "BLOB"),
    "python_integer_bytes": (
        lambda value, size: value.to_bytes(size, "big", signed=True), ["BIGINT", "BIGINT"], "BLOB",
    ),
    "python_bytes_integer": (lambda data: int.from_bytes(data, "big", signed=True), ["BLOB"], "BIGINT"),
}  # fmt: skip


def register(database: Any) -> None:
    """Make the functions known to a DuckDB database."""
    for name, (function, arguments, result) in FUNCTIONS.items():
        wrapped = _nullable(function, len(arguments))
        database.create_function(name, wrapped, arguments, result, null_handling="special")


def _nullable(function: Callable[..., Any], size: int) -> Callable[..., Any]:
    """A function that gives NULL for a NULL. DuckDB counts the parameters, so that each is written out."""

    def called(*values: Any) -> Any:
        return None if None in values else function(*values)

    shapes: tuple[Callable[..., Any], ...] = (
        lambda a: called(a), lambda a, b: called(a, b), lambda a, b, c: called(a, b, c),
        lambda a, b, c, d: called(a, b, c, d),
    )  # fmt: skip
    return shapes[size - 1]
