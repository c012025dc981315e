# ruff: noqa: E501 - statements read better on one line
"""Mathematical and bitwise functions and operators."""

from tests.local_athena.corpus.case import TRINO, Page

math = Page("math", f"{TRINO}/functions/math.html")
bits = Page("math", f"{TRINO}/functions/bitwise.html")

CASES = [
    math.gives(
        "cbrt",
        "SELECT cbrt(27), cbrt(-8), exp(0), degrees(pi()), radians(180)",
        ("3.0", "-2.0", "1.0", "180.0", "3.141592653589793"),
    ),
    math.gives("e", "SELECT e(), pi()", ("2.718281828459045", "3.141592653589793")),
    math.gives("log", "SELECT log(2, 8), log2(8), log10(1000), ln(e())", ("3.0", "3.0", "3.0", "1.0")),
    math.gives(
        "power",
        "SELECT power(2, 0.5E0), pow(2, 3), mod(-5, 3), mod(5.5, 2)",
        ("1.4142135623730951", "8.0", "-2", "1.5"),
    ),
    math.gives(
        "round",
        "SELECT round(123.456E0, -1), round(-0.5E0), round(7), round(12345, -2)",
        ("120.0", "-1.0", "7", "12300"),
    ),
    math.gives(
        "round",
        "SELECT round(2.5), round(-2.5), round(2.345, 2), round(2.344, 2)",
        ("3", "-3", "2.350", "2.340"),
    ),
    math.gives(
        "ceil",
        "SELECT ceil(5), floor(5), ceiling(-1.5E0), ceil(1.25), floor(-1.25)",
        ("5", "5", "-1.0", "2", "-2"),
        types="integer, integer, double, decimal, decimal",
    ),
    math.gives(
        "abs",
        "SELECT abs(-3), abs(-2.5E0), abs(-1.50), abs(CAST(-7 AS bigint))",
        ("3", "2.5", "1.50", "7"),
        types="integer, double, decimal, bigint",
    ),
    math.gives("sign", "SELECT sign(-2.5E0), sign(0), sign(12.5)", ("-1.0", "0", "1")),
    math.gives("truncate", "SELECT truncate(-3.9E0), truncate(3.9E0)", ("-3.0", "3.0")),
    math.gives(
        "width_bucket",
        "SELECT width_bucket(2.5E0, ARRAY[1E0, 2E0, 3E0]), width_bucket(0E0, ARRAY[1E0]), width_bucket(9E0, ARRAY[1E0, 2E0])",
        ("2", "0", "2"),
    ),
    math.gives(
        "acos",
        "SELECT acos(1), asin(0), atan(0), atan2(1, 1), cos(0), sin(0), tan(0), cosh(0), sinh(0), tanh(0)",
        ("0.0", "0.0", "0.0", "0.7853981633974483", "1.0", "0.0", "0.0", "1.0", "0.0", "0.0"),
    ),
    math.gives(
        "cosine_similarity",
        "SELECT cosine_similarity(MAP(ARRAY['a'], ARRAY[1.0E0]), MAP(ARRAY['a'], ARRAY[2.0E0]))",
        "1.0",
    ),
    math.gives(
        "to_base",
        "SELECT to_base(255, 16), to_base(-5, 2), to_base(0, 10), from_base('zz', 36)",
        ("ff", "-101", "0", "1295"),
    ),
    math.gives(
        "random",
        "SELECT random() >= 0 AND random() < 1, random(10) BETWEEN 0 AND 9, random(5, 6), rand() < 1",
        ("true", "true", "5", "true"),
    ),
    math.gives("normal_cdf", "SELECT normal_cdf(0, 1, 0), inverse_normal_cdf(0, 1, 0.5E0)", ("0.5", "0.0")),
    math.gives(
        "is_nan",
        "SELECT is_nan(1E0), is_infinite(infinity()), is_infinite(-infinity()), is_finite(nan())",
        ("false", "true", "true", "false"),
    ),
    math.gives(
        "nan",
        "SELECT nan() = nan(), nan() < 1, nan() > 1, nan() <> nan()",
        ("false", "false", "false", "true"),
    ),
    math.gives(
        "mathematical-operators",
        "SELECT 5 % 3, -5 % 3, 5 % -3, - 5, 17 / 5 * 5 + 17 % 5",
        ("2", "-2", "2", "-5", "17"),
    ),
    math.gives(
        "mathematical-operators",
        "SELECT 1 + 1, CAST(1 AS bigint) + 1, 1 + 1.5E0, CAST(1 AS smallint) * 2, CAST(1 AS real) + CAST(1 AS real)",
        ("2", "2", "2.5", "2", "2.0"),
        types="integer, bigint, double, integer, float",
    ),
    math.fails(
        "mathematical-operators",
        "SELECT x + 1 FROM (VALUES 2147483647) AS t(x)",
        "NUMERIC_VALUE_OUT_OF_RANGE: integer addition overflow: 2147483647 + 1",
    ),
    math.fails(
        "mathematical-operators",
        "SELECT x * x FROM (VALUES 9223372036854775807) AS t(x)",
        "NUMERIC_VALUE_OUT_OF_RANGE: bigint multiplication overflow",
    ),
    math.fails("mathematical-operators", "SELECT 5 % 0", "DIVISION_BY_ZERO: Division by zero"),
    math.fails(
        "from_base", "SELECT from_base('9', 8)", "INVALID_FUNCTION_ARGUMENT: Not a valid base-8 number: 9"
    ),
    math.fails(
        "abs",
        "SELECT abs('x')",
        "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (varchar(1)) for function abs",
    ),
    bits.gives(
        "bit_count",
        "SELECT bit_count(9, 64), bit_count(9, 8), bit_count(-7, 64), bit_count(-7, 8)",
        ("2", "2", "62", "6"),
    ),
    bits.gives(
        "bitwise_and",
        "SELECT bitwise_and(19, 25), bitwise_or(19, 25), bitwise_xor(19, 25), bitwise_not(-12), bitwise_not(19)",
        ("17", "27", "10", "11", "-20"),
        types="bigint, bigint, bigint, bigint, bigint",
    ),
    bits.gives(
        "bitwise_left_shift",
        "SELECT bitwise_left_shift(1, 2), bitwise_left_shift(5, 2), bitwise_left_shift(0, 1), bitwise_left_shift(20, 0)",
        ("4", "20", "0", "20"),
    ),
    bits.gives(
        "bitwise_right_shift",
        "SELECT bitwise_right_shift(8, 3), bitwise_right_shift(9, 1), bitwise_right_shift(20, 0), bitwise_right_shift(0, 1)",
        ("1", "4", "20", "0"),
    ),
    bits.gives(
        "bitwise_right_shift_arithmetic",
        "SELECT bitwise_right_shift_arithmetic(-8, 2), bitwise_right_shift_arithmetic(-256, 4)",
        ("-2", "-16"),
    ),
]
