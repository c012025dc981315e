"""Which tables are there? Objects under a target, grouped by Glue's rules.

A folder is one table when the files of all folders below it share a classification and most columns
(`SIMILARITY`); the folders below it are then partitions, named by `key=value` or `partition_0`, ... .
Otherwise each child folder is looked at on its own.
"""

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from urllib.parse import unquote

from engage_cli.local.crawler_formats import FileSchema, UnreadableFileError, widen

SIMILARITY = 0.7
_TRIES = 3
_KEY_VALUE = re.compile(r"([^=/]+)=([^/]*)")


@dataclass(frozen=True)
class StoredObject:
    """One object of a target."""

    key: str
    size: int


@dataclass
class Folder:
    """The files directly in one folder, and the schema of the one that was read."""

    path: str
    """Without a slash at the end; empty for the bucket's root."""
    objects: list[StoredObject] = field(default_factory=list)
    schema: FileSchema | None = None


@dataclass(frozen=True)
class Partition:
    """One partition: values in key order, and its folder."""

    values: tuple[str, ...]
    folder: Folder


@dataclass(frozen=True)
class Table:
    """One discovered table. `path` is its folder; unpartitioned tables have no keys and no partitions."""

    path: str
    schema: FileSchema
    columns: tuple[tuple[str, str], ...]
    partition_keys: tuple[str, ...]
    partitions: tuple[Partition, ...]
    object_count: int
    size: int


SchemaReader = Callable[[StoredObject], FileSchema]
Warn = Callable[[str], None]


def visible(objects: Iterable[StoredObject], prefix: str, exclusions: Iterable[str]) -> list[StoredObject]:
    """Return the objects that count as data: not empty, not hidden (`_` or `.`), not excluded."""
    patterns = list(exclusions)
    found = []
    for item in objects:
        relative = item.key[len(prefix) :].lstrip("/")
        hidden = any(part.startswith(("_", ".")) for part in relative.split("/"))
        if item.size and not hidden and not any(_excluded(relative, p) for p in patterns):
            found.append(item)
    return sorted(found, key=lambda item: item.key)


def _excluded(path: str, pattern: str) -> bool:
    # Glue: `*` stays within a folder, `**` crosses folders.
    if "**" in pattern:
        return fnmatchcase(path, pattern.replace("**", "*"))
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)


def discover(objects: list[StoredObject], root: str, read: SchemaReader, warn: Warn) -> list[Table]:
    """Return the tables under the folder `root`. Reads one file a folder, more only when it is unreadable."""
    folders: dict[str, Folder] = {}
    for item in objects:
        path = posixpath.dirname(item.key)
        folders.setdefault(path, Folder(path)).objects.append(item)
    for folder in folders.values():
        folder.schema = _sample(folder, read, warn)
    readable = [folder for folder in folders.values() if folder.schema is not None]
    return _tables(readable, root.rstrip("/"), warn)


def _sample(folder: Folder, read: SchemaReader, warn: Warn) -> FileSchema | None:
    for item in folder.objects[:_TRIES]:
        try:
            return read(item)
        except UnreadableFileError as exc:
            warn(f"Skipped {item.key}: {exc}")
    return None


def _tables(folders: list[Folder], root: str, warn: Warn) -> list[Table]:
    if not folders:
        return []
    schemas = [folder.schema for folder in folders if folder.schema is not None]
    if all(_alike(schemas[0], other) for other in schemas[1:]):
        return [_table(folders, schemas, root, warn)]
    children: dict[str, list[Folder]] = {}
    tables = []
    for folder in folders:
        if folder.path == root:
            tables.append(_table([folder], [s for s in [folder.schema] if s], root, warn))
        else:
            below = folder.path[len(root) :].lstrip("/").split("/")[0]
            children.setdefault(posixpath.join(root, below), []).append(folder)
    for path, inside in children.items():
        tables += _tables(inside, path, warn)
    return tables


def _alike(one: FileSchema, two: FileSchema) -> bool:
    a, b = {name for name, _ in one.columns}, {name for name, _ in two.columns}
    same_kind = (one.classification, one.delimiter, one.header) == (
        two.classification,
        two.delimiter,
        two.header,
    )
    return same_kind and len(a & b) >= SIMILARITY * max(min(len(a), len(b)), 1)


def _table(folders: list[Folder], schemas: list[FileSchema], root: str, warn: Warn) -> Table:
    columns: dict[str, str] = {}
    for schema in schemas:
        for name, kind in schema.columns:
            columns[name] = widen(columns.get(name), kind)
    keys, partitions = _partitions(folders, root, set(columns), warn)
    used = [p.folder for p in partitions] or folders
    return Table(
        path=root,
        schema=schemas[0],
        columns=tuple(columns.items()),
        partition_keys=keys,
        partitions=partitions,
        object_count=sum(len(folder.objects) for folder in used),
        size=sum(item.size for folder in used for item in folder.objects),
    )


def _partitions(
    folders: list[Folder], root: str, columns: set[str], warn: Warn
) -> tuple[tuple[str, ...], tuple[Partition, ...]]:
    below = {folder.path: folder.path[len(root) :].strip("/") for folder in folders}
    split = {path: tuple(rest.split("/")) if rest else () for path, rest in below.items()}
    depth = max(len(parts) for parts in split.values())
    if depth == 0:
        return (), ()
    level = [folder for folder in folders if len(split[folder.path]) == depth]
    for folder in folders:
        if folder not in level:
            warn(f"Skipped {folder.path}: its files are not at the depth of the other partitions")
    keys = tuple(_key_name([split[f.path][i] for f in level], i, columns) for i in range(depth))
    values = [tuple(_value(part) for part in split[folder.path]) for folder in level]
    return keys, tuple(Partition(v, folder) for v, folder in zip(values, level, strict=True))


def _key_name(parts: list[str], index: int, columns: set[str]) -> str:
    names = {match[1].lower() for part in parts if (match := _KEY_VALUE.fullmatch(part))}
    all_named = all(_KEY_VALUE.fullmatch(part) for part in parts)
    if len(names) == 1 and all_named and not names & columns:
        return names.pop()
    return f"partition_{index}"


def _value(part: str) -> str:
    match = _KEY_VALUE.fullmatch(part)
    return unquote(match[2]) if match else part
