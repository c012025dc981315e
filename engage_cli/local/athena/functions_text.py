# ruff: noqa: E501 - templates read better on one line
"""Trino's functions of text, patterns, binary data and numbers, in DuckDB's terms."""

import re

from sqlglot import exp

from engage_cli.local.athena.calls import (
    Arguments,
    Renderer,
    Table,
    applied,
    call,
    literal_text,
    renamed,
    shaped,
    template,
)
from engage_cli.local.athena.errors import QueryError, not_supported

# What Java's patterns have and RE2's lack: look-around, back-references, possessive and atomic groups.
_BACKTRACKING = re.compile(r"\(\?(?:[=!>]|<[=!])|\\[1-9]|\\k<|[*+?}]\+")
_NAMED = re.compile(r"\(\?<([A-Za-z]\w*)>")


def _pattern(node: exp.Expression) -> tuple[exp.Expression, bool]:
    """Return a pattern as RE2 writes it, and whether it needs a backtracking engine instead."""
    if not (isinstance(node, exp.Literal) and node.is_string):
        return node, False
    text = str(node.this)
    if _BACKTRACKING.search(text):
        return node, True
    return exp.Literal.string(_NAMED.sub(r"(?P<\1>", text)), False


def _groups(pattern: exp.Expression) -> int | None:
    """Return the number of groups of a pattern that is a literal, None for any other."""
    if not (isinstance(pattern, exp.Literal) and pattern.is_string):
        return None
    try:
        return re.compile(_NAMED.sub(r"(?P<\1>", str(pattern.this))).groups
    except re.error:
        return None  # DuckDB or Python says what is wrong when it runs


def _check_group(pattern: exp.Expression, group: exp.Expression) -> None:
    count = _groups(pattern)
    if count is not None and isinstance(group, exp.Literal) and int(group.name) > count:
        words = f"Pattern has {count} groups. Cannot access group {group.name}"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", words)


def _regexp(native: str, python: str) -> Renderer:
    def render(arguments: Arguments) -> exp.Expression:
        pattern, backtracking = _pattern(arguments[1])
        return call(python if backtracking else native, arguments[0], pattern, *arguments[2:])

    return render


def _native_only(name: str, sql: str) -> Renderer:
    def render(arguments: Arguments) -> exp.Expression:
        pattern, backtracking = _pattern(arguments[1])
        if backtracking:
            raise not_supported(f"A pattern of {name} with look-around or back-references")
        group = arguments[2] if len(arguments) > 2 else exp.Literal.number(0)
        _check_group(arguments[1], group)
        return template(sql, s=arguments[0], p=pattern, g=group)

    return render


def _extract(arguments: Arguments) -> exp.Expression:
    pattern, backtracking = _pattern(arguments[1])
    group = arguments[2] if len(arguments) == 3 else exp.Literal.number(0)
    _check_group(arguments[1], group)
    # RE2 cannot tell a group that took no part from an empty one: only the whole match goes to it.
    whole = isinstance(group, exp.Literal) and group.name == "0"
    optional = not whole and not (
        isinstance(pattern, exp.Literal) and not re.search(r"[?*|]|\{0", pattern.name)
    )
    if backtracking or optional:
        return call("python_regexp_extract", arguments[0], arguments[1], group)
    return call("trino_regexp_extract", arguments[0], pattern, group)


def _replacement(arguments: Arguments) -> exp.Expression:
    text, pattern, *rest = arguments
    if rest and isinstance(rest[0], exp.Lambda):
        # Each match with what stands before it; the variable of the lambda is the array of its groups.
        new_text = applied(rest[0], template("m_.groups"))
        sql = """list_reduce(list_prepend('', list_transform(python_regexp_pieces(:s, :p),
            lambda m_: m_.before || CASE WHEN m_.last THEN '' ELSE :new END)), lambda a_, b_: a_ || b_)"""
        return template(sql, s=text, p=pattern, new=exp.Paren(this=new_text))
    new = literal_text(rest[0], "A replacement of regexp_replace") if rest else ""
    written, backtracking = _pattern(pattern)
    if backtracking or "\\" in new or "${" in new:
        return call("python_regexp_replace", text, pattern, exp.Literal.string(new))
    count = _groups(pattern)
    for group in re.findall(r"\$(\d)", new):
        if count is not None and int(group) > count:
            words = f"Illegal replacement sequence: unknown group {{ {group} }}"
            raise QueryError("INVALID_FUNCTION_ARGUMENT", words)
    escaped = new.replace("$", "\\")
    return call("regexp_replace", text, written, exp.Literal.string(escaped), exp.Literal.string("g"))


def _position(arguments: Arguments) -> exp.Expression:
    defaults = [exp.Literal.number(1), exp.Literal.number(1)]
    return call("python_regexp_position", *arguments, *defaults[len(arguments) - 2 :])


def _concat(arguments: Arguments) -> exp.Expression:
    if any(isinstance(argument, exp.Null) for argument in arguments):
        return exp.Null()
    # Nested macros take time that doubles with every level: from the third argument on it is the operator.
    if len(arguments) == 1:
        return arguments[0]
    result = call("trino_concat", *arguments[:2])
    for argument in arguments[2:]:
        result = exp.DPipe(this=result, expression=call("trino_part", argument))
    return exp.Paren(this=result) if len(arguments) > 2 else result


def _concat_ws(arguments: Arguments) -> exp.Expression:
    if len(arguments) == 2:
        return call("trino_concat_ws", *arguments)
    return call("concat_ws", *arguments)


def _length(arguments: Arguments) -> exp.Expression:
    # NULL would fit every overload of the macro.
    return (
        exp.cast(exp.Null(), "BIGINT")
        if isinstance(arguments[0], exp.Null)
        else call("trino_length", *arguments)
    )


def _from_base(arguments: Arguments) -> exp.Expression:
    text, radix = arguments
    if isinstance(radix, exp.Literal) and radix.this == "16":
        return call("trino_from_base16", text)
    return call("trino_from_base", text, radix)


def _trim(name: str) -> Renderer:
    """One argument: white space goes. Two: each of the characters in the second."""
    return lambda a: call(f"trino_{name}" if len(a) == 1 else name, *a)


def _replace(arguments: Arguments) -> exp.Expression:
    return call("trino_replace", *arguments, *([exp.Literal.string("")] if len(arguments) == 2 else []))


def _format(arguments: Arguments) -> exp.Expression:
    values = [call("trino_format_value", argument, argument.copy()) for argument in arguments[1:]]
    return call("python_format", arguments[0], call("trino_json_list", exp.Array(expressions=values)))


def _normalize(arguments: Arguments) -> exp.Expression:
    form = arguments[1].name.upper() if len(arguments) == 2 else "NFC"
    if form not in ("NFC", "NFD", "NFKC", "NFKD"):
        raise QueryError("SYNTAX_ERROR", f"line 1:1: mismatched input '{form}'")
    return call("python_normalize", arguments[0], exp.Literal.string(form))


def _random(arguments: Arguments) -> exp.Expression:
    if not arguments:
        return call("random")
    low, high = (exp.Literal.number(0), arguments[0]) if len(arguments) == 1 else arguments
    # Of the type of the bound, as Trino's.
    sql = "(:low) + CAST(floor(random() * ((:high) - (:low))) AS INTEGER)"
    return template(sql, low=low, high=high)


def _width_bucket(arguments: Arguments) -> exp.Expression:
    if len(arguments) == 2:
        sql = "CAST(len(list_filter(:b, lambda e_: e_ <= (:x))) AS BIGINT)"
        return template(sql, x=arguments[0], b=arguments[1])
    return call("trino_width_bucket", *arguments)


def _bit_count(arguments: Arguments) -> exp.Expression:
    sql = "CAST(bit_count(CAST(:x AS BIGINT) & CASE WHEN (:n) >= 64 THEN -1 ELSE (CAST(1 AS BIGINT) << (:n)) - 1 END) AS BIGINT)"
    return template(sql, x=arguments[0], n=arguments[1])


def _bits(sql: str) -> Renderer:
    return shaped(
        f"({sql.replace(':a', 'CAST(:a AS BIGINT)').replace(':b', 'CAST(:b AS BIGINT)')})", "a", "b"
    )


TEXT: Table = {
    "concat": (range(2, 100), _concat),
    "concat_ws": (range(2, 100), _concat_ws),
    "from_base": ((2,), _from_base),
    "to_base": ((2,), renamed("trino_to_base")),
    "regexp_like": ((2,), _regexp("regexp_matches", "python_regexp_like")),
    "regexp_extract": ((2, 3), _extract),
    "regexp_extract_all": ((2, 3), _native_only("regexp_extract_all", "regexp_extract_all(:s, :p, :g)")),
    "regexp_count": ((2,), _native_only("regexp_count", "CAST(len(regexp_extract_all(:s, :p)) AS BIGINT)")),
    "regexp_split": ((2,), _native_only("regexp_split", "regexp_split_to_array(:s, :p)")),
    "regexp_position": ((2, 3, 4), _position),
    "regexp_replace": ((2, 3), _replacement),
    "substr": ((2, 3), lambda a: call(f"trino_substr{len(a)}", *a)),
    "substring": ((2, 3), lambda a: call(f"trino_substr{len(a)}", *a)),
    "replace": ((2, 3), _replace),
    "strpos": ((2, 3), lambda a: call(f"trino_strpos{len(a)}", *a)),
    "split": ((2, 3), lambda a: call(f"trino_split{len(a)}", *a)),
    "split_to_map": (
        (3,),
        shaped(
            "trino_map(list_transform(string_split(:s, :e), lambda p_: split_part(p_, :k, 1)), list_transform(string_split(:s, :e), lambda p_: substr(p_, strpos(p_, :k) + length(:k))))",
            "s",
            "e",
            "k",
        ),
    ),
    "split_to_multimap": (
        (3,),
        shaped(
            "trino_multimap(list_transform(string_split(:s, :e), lambda p_: split_part(p_, :k, 1)), list_transform(string_split(:s, :e), lambda p_: substr(p_, strpos(p_, :k) + length(:k))))",
            "s",
            "e",
            "k",
        ),
    ),
    "reverse": ((1,), renamed("trino_reverse")),
    "lpad": ((3,), renamed("trino_lpad")),
    "rpad": ((3,), renamed("trino_rpad")),
    **{name: ((1, 2), _trim(name)) for name in ("trim", "ltrim", "rtrim")},
    "truncate": ((1, 2), lambda a: call(f"trino_truncate{len(a)}", a[0], *a)),
    "to_base32": ((1,), renamed("python_to_base32")),
    "from_base32": ((1,), renamed("python_from_base32")),
    "murmur3": ((1,), renamed("python_murmur3")),
    "to_ieee754_32": ((1,), renamed("python_real_bytes")),
    "from_ieee754_32": ((1,), shaped("CAST(python_bytes_real(:b, 4) AS FLOAT)", "b")),
    "from_ieee754_64": ((1,), shaped("python_bytes_real(:b, 8)", "b")),
    "wilson_interval_lower": ((3,), shaped("python_wilson(:s, :n, :z, -1)", "s", "n", "z")),
    "wilson_interval_upper": ((3,), shaped("python_wilson(:s, :n, :z, 1)", "s", "n", "z")),
    "hamming_distance": ((2,), renamed("trino_hamming")),
    "soundex": ((1,), renamed("python_soundex")),
    "luhn_check": ((1,), renamed("python_luhn_check")),
    "normalize": ((1, 2), _normalize),
    "format": (range(2, 20), _format),
    "format_number": ((1,), renamed("python_format_number")),
    "parse_data_size": ((1,), renamed("python_parse_data_size")),
    "human_readable_seconds": ((1,), renamed("python_human_readable_seconds")),
    "from_utf8": (
        (1, 2),
        lambda a: call("python_from_utf8", a[0], a[1] if len(a) == 2 else exp.Literal.string("\ufffd")),
    ),
    "url_extract_host": ((1,), renamed("python_url_host")),
    "url_extract_path": ((1,), renamed("python_url_path")),
    "url_extract_port": ((1,), renamed("python_url_port")),
    "url_extract_protocol": ((1,), renamed("python_url_protocol")),
    "url_extract_query": ((1,), renamed("python_url_query")),
    "url_extract_fragment": ((1,), renamed("python_url_fragment")),
    "url_extract_parameter": ((2,), renamed("python_url_parameter")),
    "url_encode": ((1,), renamed("python_url_encode")),
    "url_decode": ((1,), renamed("python_url_decode")),
    "to_base64url": ((1,), shaped("replace(replace(base64(:b), '+', '-'), '/', '_')", "b")),
    "from_base64url": ((1,), shaped("from_base64(replace(replace(:s, '-', '+'), '_', '/'))", "s")),
    "crc32": ((1,), renamed("python_crc32")),
    "sha512": ((1,), renamed("python_sha512")),
    "xxhash64": ((1,), renamed("python_xxhash64")),
    **{
        name: ((2,), renamed(f"python_{name}"))
        for name in ("hmac_md5", "hmac_sha1", "hmac_sha256", "hmac_sha512")
    },
    "to_big_endian_64": ((1,), shaped("python_integer_bytes(:x, 8)", "x")),
    "to_big_endian_32": ((1,), shaped("python_integer_bytes(:x, 4)", "x")),
    "from_big_endian_64": ((1,), renamed("python_bytes_integer")),
    "from_big_endian_32": ((1,), shaped("CAST(python_bytes_integer(:b) AS INTEGER)", "b")),
    "to_ieee754_64": ((1,), renamed("python_double_bytes")),
    "log": ((2,), shaped("ln(:x) / ln(:b)", "b", "x")),
    "e": ((0,), lambda a: call("exp", exp.Literal.number("1e0"))),
    "nan": ((0,), lambda a: exp.cast(exp.Literal.string("nan"), "DOUBLE")),
    "infinity": ((0,), lambda a: exp.cast(exp.Literal.string("infinity"), "DOUBLE")),
    "rand": ((0, 1, 2), _random),
    "random": ((0, 1, 2), _random),
    "width_bucket": ((2, 4), _width_bucket),
    "normal_cdf": ((3,), renamed("python_normal_cdf")),
    "inverse_normal_cdf": ((3,), renamed("python_inverse_normal_cdf")),
    "bit_count": ((2,), _bit_count),
    "bitwise_and": ((2,), _bits(":a & :b")),
    "bitwise_or": ((2,), _bits(":a | :b")),
    "bitwise_xor": ((2,), _bits("xor(:a, :b)")),
    "bitwise_not": ((1,), _bits("~(:a)")),
    "bitwise_left_shift": (
        (2,),
        _bits("CAST(CAST(:a AS HUGEINT) * CAST(power(2, :b) AS HUGEINT) AS BIGINT)"),
    ),
    "bitwise_right_shift": (
        (2,),
        _bits(
            "CASE WHEN :a >= 0 OR :b = 0 THEN :a >> :b ELSE CAST((CAST(:a AS HUGEINT) + 18446744073709551616) // CAST(power(2, :b) AS HUGEINT) AS BIGINT) END"
        ),
    ),
    "bitwise_right_shift_arithmetic": ((2,), _bits("CAST(:a AS BIGINT) >> (:b)")),
    "ceil": ((1,), shaped("trino_ceil(:x, :x)", "x")),
    "ceiling": ((1,), shaped("trino_ceil(:x, :x)", "x")),
    "floor": ((1,), shaped("trino_floor(:x, :x)", "x")),
    "sign": ((1,), shaped("trino_sign(:x, :x)", "x")),
    "round": ((1, 2), lambda a: call(f"trino_round{len(a)}", a[0], *a)),
    "mod": ((2,), lambda a: call("trino_mod", *a, *a)),
    "length": ((1,), _length),
    "typeof": ((1,), shaped("trino_typeof(:x, :x)", "x")),
}
