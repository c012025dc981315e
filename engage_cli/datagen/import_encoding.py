"""Text files that are no UTF-8: recognised, and written again as UTF-8 so that one reader serves all."""

import codecs
import gzip
from pathlib import Path
from typing import IO, Any

_BLOCK = 1 << 20


def open_text(path: Path) -> Any:
    """The bytes of a file, unpacked when its name ends in .gz."""
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")


def encoding_of(path: Path) -> str:
    """`utf-8` or, for a file whose special characters mostly are none in UTF-8, `cp1252` or `latin-1`.

    A UTF-8 file with a few broken lines stays one: those lines are set aside. A file with zero bytes is
    called `binary`.
    """
    with open_text(path) as stream:
        if _is_utf8(stream):
            return "utf-8"
    broken = whole = 0
    western = True
    with open_text(path) as stream:
        for line in stream:
            if b"\0" in line:
                return "binary"
            if line.isascii():
                continue
            whole, broken = (whole + 1, broken) if _decodes(line, "utf-8") else (whole, broken + 1)
            western = western and _decodes(line, "cp1252")
    if whole > broken:
        return "utf-8"
    return "cp1252" if western else "latin-1"


def _is_utf8(stream: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := stream.read(_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def write_utf8(path: Path, encoding: str, target: Path) -> None:
    """Write a text file again as UTF-8, unpacked."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_text(path) as raw, target.open("wb") as out:
        reader = codecs.getreader(encoding)(raw)
        while block := reader.read(_BLOCK):
            out.write(block.encode("utf-8"))
