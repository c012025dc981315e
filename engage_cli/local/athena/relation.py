"""A table reference as a DuckDB relation over the files of the partitions that can match."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from engage_cli.local.athena.access import Access
from engage_cli.local.athena.catalog import Partition
from engage_cli.local.athena.errors import QueryError
from engage_cli.local.athena.hive_types import duckdb_type
from engage_cli.local.athena.resolve import PATH_COLUMN, TableReference
from engage_cli.local.athena.scan import Footer, kind_of, read_footer
from engage_cli.local.athena.storage import ObjectStore, StoredObject, directory
from engage_cli.local.athena.text_files import csv_relation, files, json_relation
from engage_cli.sql_text import literal, quoted

_NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
_PLAIN = re.compile(r"[A-Za-z0-9_.\-]+")


@dataclass
class Relation:
    """What a reference becomes: a SELECT for DuckDB, and the bytes that it scans."""

    sql: str
    scanned: int
    partitions: list[Partition] = field(default_factory=list)


class RelationBuilder:
    """Builds relations; one for each statement."""

    def __init__(self, store: ObjectStore, access: Access) -> None:
        self._store = store
        self._access = access

    def build(
        self,
        reference: TableReference,
        partitions: list[Partition] | None,
        scanned_bytes: Callable[[Iterable[Footer], set[str]], int],
    ) -> Relation:
        """Return the relation of a reference over `partitions` (None: the table has no partition keys).

        `scanned_bytes` tells what is read of Parquet files, by their footers and the columns.
        """
        table = reference.table
        form = table.format
        if partitions is None:
            pieces = [(Partition((), table.location), self._store.objects(table.location))]
        else:
            pieces = self._objects_of(table.location, partitions)
        for partition, items in pieces:
            self._access.read(partition.location, items)
        pieces = [(partition, objects) for partition, objects in pieces if objects]
        objects = [item for _, items in pieces for item in items]
        if not objects:
            return Relation(self._empty(reference), 0, partitions or [])
        if form == "parquet":
            footers = {item.path: read_footer(item.path) for item in objects}
            scanned = scanned_bytes(footers.values(), reference.columns)
            branches = self._parquet(reference, pieces, footers)
        else:
            scanned = sum(item.size for item in objects)
            branches = [self._text(reference, partition, items, form) for partition, items in pieces]
        return Relation("\nUNION ALL\n".join(branches), scanned, partitions or [])

    def _objects_of(
        self, location: str, partitions: list[Partition]
    ) -> list[tuple[Partition, list[StoredObject]]]:
        """List the table's own location once for the partitions that are directly below it."""
        base = directory(location)
        below = [p for p in partitions if p.location.startswith(base)]
        if len(below) < 2:
            return [(p, self._store.objects(p.location)) for p in partitions]
        folders: dict[str, list[StoredObject]] = {directory(p.location): [] for p in below}
        depths = {folder.count("/") for folder in folders}
        for item in self._store.objects(base):
            parts = item.uri.split("/")
            for depth in depths:
                found = folders.get("/".join(parts[:depth]) + "/")
                if found is not None:
                    found.append(item)
        return [
            (p, folders[directory(p.location)] if p in below else self._store.objects(p.location))
            for p in partitions
        ]

    def _empty(self, reference: TableReference) -> str:
        columns = [
            f"CAST(NULL AS {kind}) AS {quoted(name)}" for name, kind in reference.table.duckdb_columns()
        ]
        columns.append(f"CAST(NULL AS VARCHAR) AS {quoted(PATH_COLUMN)}")
        return f"SELECT {', '.join(columns)} WHERE false"

    def _path_column(self) -> str:
        root = str(self._store.root).rstrip("/")
        # The file is <root>/<account>/<bucket>/<key>.
        key = f"regexp_replace(substr(filename, {len(root) + 2}), '^[0-9]{{12}}/', '')"
        return f"'s3://' || {key} AS {quoted(PATH_COLUMN)}"

    def _partition_columns(self, reference: TableReference, partition: Partition) -> list[str]:
        keys = reference.table.partition_keys
        columns = []
        for (name, kind), value in zip(keys, partition.values, strict=True):
            constant = "NULL" if value == _NULL_PARTITION else literal(value)
            columns.append(f"CAST({constant} AS {duckdb_type(kind)}) AS {quoted(name.lower())}")
        return columns

    def _parquet(
        self,
        reference: TableReference,
        pieces: list[tuple[Partition, list[StoredObject]]],
        footers: dict[Path, Footer],
    ) -> list[str]:
        """One scan for all partitions laid out as Hive does; one for each of the others."""
        keys = [name.lower() for name, _ in reference.table.partition_keys]
        hive: dict[tuple[str, ...], list[StoredObject]] = {}
        branches = []
        for partition, objects in pieces:
            segments = self._hive_segments(partition, objects, keys, footers) if keys else ()
            if segments is None:
                branches.append(self._parquet_scan(reference, objects, footers, partition))
            else:
                hive.setdefault(segments, []).extend(objects)
        return [self._parquet_scan(reference, objects, footers, None) for objects in hive.values()] + branches

    def _hive_segments(
        self, partition: Partition, objects: list[StoredObject], keys: list[str], footers: dict[Path, Footer]
    ) -> tuple[str, ...] | None:
        """Return the names in the `name=value` parts of the paths, or None if DuckDB cannot rely on them."""
        expected = dict(zip(keys, partition.values, strict=True))
        found: set[tuple[str, ...]] = set()
        for item in objects:
            parts = [tuple(part.split("=", 1)) for part in item.path.parts[:-1] if "=" in part]
            here = {part[0]: part[1] for part in parts}
            if len(here) != len(parts) or any(here.get(key) != value for key, value in expected.items()):
                return None
            if not all(_PLAIN.fullmatch(value) for value in expected.values()):
                return None
            if any(name.lower() in footers[item.path].kinds for name in here):
                return None
            found.add(tuple(part[0] for part in parts))
        if _NULL_PARTITION in expected.values() or len(found) != 1:
            return None
        return found.pop()

    def _parquet_scan(
        self,
        reference: TableReference,
        objects: list[StoredObject],
        footers: dict[Path, Footer],
        partition: Partition | None,
    ) -> str:
        table = reference.table
        kinds: dict[str, str] = {}
        shapes = set()
        for item in objects:
            footer = footers[item.path]
            shapes.add(tuple(footer.kinds))
            for name, kind in footer.kinds.items():
                kinds.setdefault(name, kind)
                self._check_kind(table.columns, name, kind, item)
        columns = []
        for name, hive in table.columns:
            target, name = duckdb_type(hive), name.lower()
            source = quoted(name) if name in kinds else "NULL"
            columns.append(f"CAST({source} AS {target}) AS {quoted(name)}")
        if partition is None:
            columns += [
                f"CAST({quoted(name.lower())} AS {duckdb_type(kind)}) AS {quoted(name.lower())}"
                for name, kind in table.partition_keys
            ]
        else:
            columns += self._partition_columns(reference, partition)
        columns.append(self._path_column())
        by_hive = partition is None and bool(table.partition_keys)
        union = "true" if len(shapes) > 1 else "false"
        options = f"hive_partitioning = {str(by_hive).lower()}, union_by_name = {union}"
        if by_hive:
            options += ", hive_types_autocast = false"
        return f"SELECT {', '.join(columns)} FROM read_parquet({files(objects)}, {options})"

    @staticmethod
    def _check_kind(columns: list[tuple[str, str]], name: str, kind: str, item: StoredObject) -> None:
        declared = next((kind_of(hive) for column, hive in columns if column.lower() == name), kind)
        if declared != kind:
            message = (
                f"Field {name}'s type {kind} in parquet file {item.uri} is incompatible with type {declared}"
            )
            raise QueryError("HIVE_BAD_DATA", message + " defined in table schema")

    def _text(
        self, reference: TableReference, partition: Partition, objects: list[StoredObject], form: str
    ) -> str:
        extra = [*self._partition_columns(reference, partition), self._path_column()]
        make = json_relation if form == "json" else csv_relation
        return make(reference.table, objects, extra)
