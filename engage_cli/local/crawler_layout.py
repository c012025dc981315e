"""Which tables are there? Objects under a target, grouped by Glue's rules.

A folder is one table when the files of all folders below it share a classification and most columns
(`SIMILARITY`); the folders below it are then partitions, named by `key=value` or `partition_0`, ... .
Otherwise each child folder is looked at on its own. `Grouping` holds the crawler's settings for that.
"""

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from engage_cli.local.crawler_formats import FileSchema, UnreadableFileError
from engage_cli.local.crawler_types import widen

SIMILARITY = 0.7
_KEY_VALUE = re.compile(r"([^=/]+)=([^/]*)")


class PatternError(ValueError):
    """An exclude pattern that is none; the message names it."""


@dataclass(frozen=True)
class StoredObject:
    """One object of a target."""

    key: str
    size: int


@dataclass
class Folder:
    """The readable files directly in one folder, and the schema that they share.

    Files too different for one schema are folders of one file, with the file's path.
    """

    path: str
    """Without a slash at the end; empty for the bucket's root."""
    objects: list[StoredObject] = field(default_factory=list)
    schema: FileSchema | None = None
    single_file: bool = False


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
    single_file: bool = False


@dataclass(frozen=True)
class Grouping:
    """`Grouping` of the crawler's Configuration, and `SampleSize` of the target."""

    combine: bool = False
    """CombineCompatibleSchemas: files of one kind are one table, however few columns they share."""
    level: int | None = None
    """TableLevelConfiguration: tables begin at this depth; the bucket is level 1, its folders level 2."""
    sample: int | None = None
    """How many files of a folder are read; None for all."""


SchemaReader = Callable[[StoredObject], FileSchema]
Warn = Callable[[str], None]


def visible(objects: Iterable[StoredObject], prefix: str, exclusions: Iterable[str]) -> list[StoredObject]:
    """Return the objects that count as data: not empty, not hidden (`_` or `.`), not excluded."""
    patterns = [glob_pattern(pattern) for pattern in exclusions]
    found = []
    for item in objects:
        relative = item.key[len(prefix) :].lstrip("/")
        hidden = any(part.startswith(("_", ".")) for part in relative.split("/"))
        if item.size and not hidden and not any(pattern.fullmatch(relative) for pattern in patterns):
            found.append(item)
    return sorted(found, key=lambda item: item.key)


def glob_pattern(pattern: str) -> re.Pattern[str]:
    """Glue's exclude patterns: `*` and `?` stay within a folder, `**` crosses folders; `{a,b}`, `[a-z]`.

    Raises PatternError.
    """
    out, depth, i = "", 0, 0
    while i < len(pattern):
        character = pattern[i]
        if pattern.startswith("**", i):
            out, i = out + ".*", i + 1
        elif character == "*":
            out += "[^/]*"
        elif character == "?":
            out += "[^/]"
        elif character == "[" and "]" in pattern[i + 2 :]:
            end = pattern.index("]", i + 2)
            inside = pattern[i + 1 : end].replace("\\", r"\\").replace("[", r"\[")
            out += f"[{'^' + inside[1:] if inside[0] == '!' else inside}]"
            i = end
        elif character == "{" and "}" in pattern[i:]:
            out, depth = out + "(?:", depth + 1
        elif character == "}" and depth:
            out, depth = out + ")", depth - 1
        elif character == "," and depth:
            out += "|"
        elif character == "\\" and i + 1 < len(pattern):
            out, i = out + re.escape(pattern[i + 1]), i + 1
        else:
            out += re.escape(character)
        i += 1
    try:
        return re.compile(out + ")" * depth, re.DOTALL)
    except re.error as exc:
        raise PatternError(f"The exclude pattern {pattern!r} is not valid: {exc}") from exc


def discover(
    objects: list[StoredObject], root: str, read: SchemaReader, warn: Warn, grouping: Grouping | None = None
) -> list[Table]:
    """Return the tables under the folder `root`; what cannot be read is named to `warn` and left out."""
    grouping = grouping or Grouping()
    root = root.rstrip("/")
    folders = read_folders(objects, read, warn, grouping)
    tables = []
    for base, inside in _at_level(folders, root, grouping.level, warn).items():
        tables += _tables(inside, base, warn, grouping)
    return tables


def read_folders(
    objects: list[StoredObject], read: SchemaReader, warn: Warn, grouping: Grouping
) -> list[Folder]:
    """Read the files of each folder; a folder whose files are too different is one folder for each file."""
    by_path: dict[str, list[StoredObject]] = {}
    for item in objects:
        by_path.setdefault(posixpath.dirname(item.key), []).append(item)
    found = []
    for path, inside in by_path.items():
        found += _read_folder(path, inside, read, warn, grouping)
    return found


def alike(one: FileSchema, two: FileSchema, *, combine: bool = False) -> bool:
    """Whether two schemas belong to one table; with `combine` the kind of file alone decides."""
    same_kind = (one.classification, one.compression, one.delimiter, one.header) == (
        two.classification,
        two.compression,
        two.delimiter,
        two.header,
    )
    a, b = {name for name, _ in one.columns}, {name for name, _ in two.columns}
    return same_kind and (combine or len(a & b) >= SIMILARITY * max(min(len(a), len(b)), 1))


def merged(schemas: list[FileSchema]) -> FileSchema:
    """One schema with the columns of all, each as wide as it must be."""
    columns: dict[str, str] = {}
    for schema in schemas:
        for name, kind in schema.columns:
            columns[name] = widen(columns.get(name), kind)
    paths = tuple(dict.fromkeys(path for schema in schemas for path in schema.paths))
    return replace(
        schemas[0],
        columns=tuple(columns.items()),
        paths=paths,
        quoted=any(schema.quoted for schema in schemas),
        average_record_bytes=sum(schema.average_record_bytes for schema in schemas) / len(schemas),
    )


def _read_folder(
    path: str, objects: list[StoredObject], read: SchemaReader, warn: Warn, grouping: Grouping
) -> list[Folder]:
    good: list[tuple[StoredObject, FileSchema]] = []
    unread: list[StoredObject] = []
    for item in objects:
        if grouping.sample is not None and len(good) >= grouping.sample:
            unread.append(item)
            continue
        try:
            good.append((item, read(item)))
        except UnreadableFileError as exc:
            warn(f"Skipped {item.key}: {exc}")
    if not good:
        return []
    first = good[0][1]
    if all(alike(first, schema, combine=grouping.combine) for _, schema in good):
        inside = sorted([item for item, _ in good] + unread, key=lambda item: item.key)
        return [Folder(path, inside, merged([schema for _, schema in good]))]
    warn(f"The files of {path}/ differ: each becomes a table, and Athena reads folders only")
    return [Folder(item.key, [item], schema, single_file=True) for item, schema in good]


def _at_level(folders: list[Folder], root: str, level: int | None, warn: Warn) -> dict[str, list[Folder]]:
    """Where tables begin: at the target, or below it at the level that the crawler names."""
    depth = (level or 1) - 1
    if not folders or depth <= (root.count("/") + 1 if root else 0):
        return {root: folders}
    found: dict[str, list[Folder]] = {}
    for folder in folders:
        parts = folder.path.split("/") if folder.path else []
        if len(parts) < depth:
            warn(f"Skipped {folder.path}: it is above the table level {level}")
        else:
            found.setdefault("/".join(parts[:depth]), []).append(folder)
    return found


def _tables(folders: list[Folder], root: str, warn: Warn, grouping: Grouping) -> list[Table]:
    if not folders:
        return []
    schemas = [folder.schema for folder in folders if folder.schema is not None]
    if any(folder.single_file for folder in folders):
        one_table = len(folders) == 1
    else:
        one_table = all(alike(schemas[0], other, combine=grouping.combine) for other in schemas[1:])
    if one_table:
        # A file that is a table of its own is the table's place.
        return [_table(folders, schemas, folders[0].path if folders[0].single_file else root, warn)]
    children: dict[str, list[Folder]] = {}
    tables = []
    for folder in folders:
        if folder.path == root:
            tables.append(_table([folder], [s for s in [folder.schema] if s], root, warn))
        else:
            below = folder.path[len(root) :].lstrip("/").split("/")[0]
            children.setdefault(posixpath.join(root, below), []).append(folder)
    for path, inside in children.items():
        tables += _tables(inside, path, warn, grouping)
    return tables


def _table(folders: list[Folder], schemas: list[FileSchema], root: str, warn: Warn) -> Table:
    schema = merged(schemas)
    keys, partitions = partitions_of(folders, root, {name for name, _ in schema.columns}, warn)
    used = [p.folder for p in partitions] or folders
    return Table(
        path=root,
        schema=schema,
        columns=schema.columns,
        partition_keys=keys,
        partitions=partitions,
        object_count=sum(len(folder.objects) for folder in used),
        size=sum(item.size for folder in used for item in folder.objects),
        single_file=folders[0].single_file,
    )


def partitions_of(
    folders: list[Folder], root: str, columns: set[str], warn: Warn
) -> tuple[tuple[str, ...], tuple[Partition, ...]]:
    """Partition keys and partitions of the folders below a table's folder; none when it has no folders."""
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
