"""Text files that are no UTF-8, or packed: recognised, and written again as UTF-8 so that one reader
serves all.
"""

import codecs
import gzip
import zipfile
from pathlib import Path
from typing import IO, Any

from engage_cli.errors import UserError

_BLOCK = 1 << 20
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def open_text(path: Path) -> Any:
    """The bytes of a file, unpacked when its name ends in .gz or .zip. UserError: see `_only_member`."""
    name = path.name.lower()
    if name.endswith(".zip"):
        return _only_member(path)
    return gzip.open(path, "rb") if name.endswith(".gz") else path.open("rb")


def _only_member(path: Path) -> IO[bytes]:
    """The one file of a zip archive; UserError when it holds none or several, or is none."""
    try:
        archive = zipfile.ZipFile(path)
        # What a Mac adds to an archive is no file of the user's.
        names = [n for n in archive.namelist() if not n.endswith("/") and not n.startswith("__MACOSX/")]
        if len(names) != 1:
            raise UserError(
                f"{path} holds {len(names)} files, and one is read.",
                hint="Unpack it and give the files that are needed, or the folder with them.",
            )
        return archive.open(names[0])
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as exc:
        raise UserError(f"{path} cannot be unpacked: {exc}.", hint="Unpack it and give the file.") from exc


def encoding_of(path: Path) -> str:
    """`utf-8` or, for a file whose special characters mostly are none in UTF-8, `cp1252` or `latin-1`; with
    its mark at the beginning `utf-16`.

    A UTF-8 file with a few broken lines stays one: those lines are set aside. A file with zero bytes is
    called `binary`.
    """
    with open_text(path) as stream:
        if stream.read(2) in _UTF16:
            return "utf-16"
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


def write_with_tabs(path: Path, target: Path) -> None:
    """Write a UTF-8 text whose columns have blanks between them again, with tabs."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_text(path) as raw, target.open("wb") as out:
        for line in raw:
            out.write(b"\t".join(line.split()) + b"\n")


def write_utf8(path: Path, encoding: str, target: Path) -> None:
    """Write a text file again as UTF-8, unpacked."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_text(path) as raw, target.open("wb") as out:
        reader = codecs.getreader(encoding)(raw)
        while block := reader.read(_BLOCK):
            out.write(block.encode("utf-8"))
