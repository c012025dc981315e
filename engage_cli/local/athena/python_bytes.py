"""Functions of binary data and of proportions that DuckDB lacks, in Python."""

import base64
import binascii
import math
import struct
from collections.abc import Callable
from typing import Any

from engage_cli.local.athena.errors import QueryError

_64 = 2**64 - 1
_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F


def _invalid(message: str) -> QueryError:
    return QueryError("INVALID_FUNCTION_ARGUMENT", message)


def _pad(data: bytes, size: int, filler: bytes, left: bool) -> bytes:
    if size < 0 or not filler:
        words = (
            "Padding bytes must not be empty"
            if size >= 0
            else "Target length must be in the range [0..2147483647]"
        )
        raise _invalid(words)
    missing = (filler * size)[: max(0, size - len(data))]
    return (missing + data if left and len(data) < size else data[:size] + missing)[:size]


def _from_base32(text: str) -> bytes:
    try:
        return base64.b32decode(text)
    except binascii.Error as error:
        raise _invalid(f"Invalid input length or character: {text}") from error


def _bytes_real(data: bytes, size: int) -> float:
    if len(data) != size:
        raise _invalid(f"Input floating-point value must be exactly {size} bytes long")
    value: float = struct.unpack(">d" if size == 8 else ">f", data)[0]
    return value


def _wilson(successes: int, trials: int, z: float, side: int) -> float:
    """https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval."""
    if successes < 0 or trials <= 0 or successes > trials or z < 0:
        raise _invalid(
            "number of successes must not be negative or larger than the number of trials, and z not negative"
        )
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt((share * (1 - share) + z * z / (4 * trials)) / trials)
    return (centre + side * spread) / (1 + z * z / trials)


def _rotate(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _64


def _mixed(value: int) -> int:
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        value = (value ^ (value >> 33)) * factor & _64
    return value ^ (value >> 33)


def _murmur3(data: bytes) -> bytes:
    """MurmurHash3 x64 128 with seed 0, each half little-endian: https://github.com/aappleby/smhasher."""
    h1 = h2 = 0
    whole = len(data) - len(data) % 16
    for place in range(0, whole, 16):
        k1, k2 = struct.unpack_from("<QQ", data, place)
        h1 ^= _rotate(k1 * _C1 & _64, 31) * _C2 & _64
        h1 = ((_rotate(h1, 27) + h2) * 5 + 0x52DCE729) & _64
        h2 ^= _rotate(k2 * _C2 & _64, 33) * _C1 & _64
        h2 = ((_rotate(h2, 31) + h1) * 5 + 0x38495AB5) & _64
    tail = data[whole:].ljust(16, b"\0")
    k1, k2 = struct.unpack("<QQ", tail)
    h2 ^= _rotate(k2 * _C2 & _64, 33) * _C1 & _64
    h1 ^= _rotate(k1 * _C1 & _64, 31) * _C2 & _64
    h1, h2 = h1 ^ len(data), h2 ^ len(data)
    h1 = (h1 + h2) & _64
    h2 = (h2 + h1) & _64
    h1, h2 = _mixed(h1), _mixed(h2)
    h1 = (h1 + h2) & _64
    return struct.pack("<QQ", h1, (h2 + h1) & _64)


# Name: the function, DuckDB's types of its arguments and of its result.
MORE: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    "python_pad": (_pad, ["BLOB", "BIGINT", "BLOB", "BOOLEAN"], "BLOB"),
    "python_to_base32": (lambda data: base64.b32encode(data).decode(), ["BLOB"], "VARCHAR"),
    "python_from_base32": (_from_base32, ["VARCHAR"], "BLOB"),
    "python_real_bytes": (lambda value: struct.pack(">f", value), ["FLOAT"], "BLOB"),
    "python_bytes_real": (_bytes_real, ["BLOB", "INTEGER"], "DOUBLE"),
    "python_wilson": (_wilson, ["BIGINT", "BIGINT", "DOUBLE", "INTEGER"], "DOUBLE"),
    "python_murmur3": (_murmur3, ["BLOB"], "BLOB"),
}
