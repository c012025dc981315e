"""Writes discovered tables and partitions into the Glue catalog, by the crawler's schema change policy."""

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engage_cli.local.crawler_formats import FileSchema
from engage_cli.local.crawler_history import Changes
from engage_cli.local.crawler_layout import Partition, Table
from engage_cli.local.crawler_settings import CrawlSettings

Json = dict[str, Any]
Allow = Callable[[str, str], None]
"""(action, table name): raises when the crawler's role may not."""

_NAMED = 20
_HIVE = "org.apache.hadoop.hive"
_FORMATS = {
    "parquet": (
        f"{_HIVE}.ql.io.parquet.MapredParquetInputFormat",
        f"{_HIVE}.ql.io.parquet.MapredParquetOutputFormat",
        f"{_HIVE}.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    "csv": (
        "org.apache.hadoop.mapred.TextInputFormat",
        f"{_HIVE}.ql.io.HiveIgnoreKeyTextOutputFormat",
        f"{_HIVE}.serde2.lazy.LazySimpleSerDe",
    ),
    "json": (
        "org.apache.hadoop.mapred.TextInputFormat",
        f"{_HIVE}.ql.io.HiveIgnoreKeyTextOutputFormat",
        "org.openx.data.jsonserde.JsonSerDe",
    ),
}


class CatalogError(Exception):
    """The catalog refused a change. The message is Glue's own."""


@dataclass(frozen=True)
class KnownTable:
    """A table that this crawler made: what an incremental crawl compares new folders with."""

    name: str
    path: str
    schema: FileSchema
    partition_keys: tuple[str, ...]
    places: frozenset[str]
    """Locations that are crawled already: the table's own and its partitions'."""


class CatalogWriter:
    """Applies one crawl to one database. Must run in the account and region of the crawler."""

    def __init__(
        self, crawler: Json, settings: CrawlSettings, allow: Allow, tell: Callable[[str, str], None]
    ) -> None:
        """`tell(level, text)` writes to the crawler's log."""
        self._name: str = crawler["Name"]
        self._database: str = crawler["DatabaseName"]
        self._prefix: str = crawler.get("TablePrefix") or ""
        self._settings = settings
        self._update, self._delete = settings.update, settings.delete
        self._allow, self._tell = allow, tell
        self.changes = Changes()

    def table_name(self, bucket: str, table: Table) -> str:
        """Return the table's name: prefix and folder, in the characters that Athena takes."""
        folder = table.path.rsplit("/", 1)[-1] or bucket
        name = self._prefix + re.sub(r"[^a-z0-9_]", "_", folder.lower())
        taken = self._find(name)
        if taken and (taken.get("StorageDescriptor") or {}).get("Location") != place_of(bucket, table):
            # Another folder has this name already: Glue appends a hash of the place.
            name += "_" + hashlib.md5(place_of(bucket, table).encode()).hexdigest()
        return name

    def write(self, bucket: str, table: Table) -> str:
        """Create or update one table and its partitions; return its name."""
        from ministack.services import glue

        name = self.table_name(bucket, table)
        current = self._find(name)
        wanted = self._table_input(name, bucket, table)
        if current is None:
            self._allow("CreateTable", name)
            _call(glue._create_table, {"DatabaseName": self._database, "TableInput": wanted})
            self.changes.created.append(name)
            self._tell(
                "INFO", f"Created table {name} in database {self._database} at {place_of(bucket, table)}"
            )
        else:
            self._update_table(name, current, wanted)
        self._write_partitions(name, bucket, table)
        return name

    def _update_table(self, name: str, current: Json, wanted: Json) -> None:
        from ministack.services import glue

        columns = wanted["StorageDescriptor"]["Columns"]
        before = current["StorageDescriptor"].get("Columns", [])
        if self._settings.merge_new_columns:
            known = {column["Name"] for column in before}
            columns = before + [column for column in columns if column["Name"] not in known]
            wanted["StorageDescriptor"]["Columns"] = columns
        changed = columns != before or wanted["PartitionKeys"] != current.get("PartitionKeys", [])
        if changed and self._update == "LOG":
            text = f"The schema of table {name} has changed; it was left as it is (UpdateBehavior LOG)"
            self._tell("WARN", text)
            return
        parameters = {**current.get("Parameters", {}), **wanted["Parameters"]}
        parameters.pop("DEPRECATED_BY_CRAWLER", None)
        if not changed and parameters == current.get("Parameters"):
            return
        wanted["Parameters"] = parameters
        self._allow("UpdateTable", name)
        _call(glue._update_table, {"DatabaseName": self._database, "TableInput": wanted})
        if changed:
            self.changes.updated.append(name)
            self._tell("INFO", f"Updated table {name} in database {self._database}")

    def add_partitions(self, name: str, bucket: str, table: Table) -> None:
        """Add the partitions of `table` that the table `name` does not have; change nothing else."""
        self._write_partitions(name, bucket, table, whole=False)

    def _write_partitions(self, name: str, bucket: str, table: Table, *, whole: bool = True) -> None:
        from ministack.services import glue

        if not table.partitions:
            return
        self._allow("GetPartitions", name)
        answer = _call(glue._get_partitions, {"DatabaseName": self._database, "TableName": name})
        current = {tuple(p["Values"]): p for p in answer["Partitions"]}
        wanted = {p.values: self._partition_input(bucket, table, p) for p in table.partitions}
        new = [item for values, item in wanted.items() if values not in current]
        if new:
            self._allow("BatchCreatePartition", name)
            request = {"DatabaseName": self._database, "TableName": name, "PartitionInputList": new}
            _call(glue._batch_create_partition, request)
            self.changes.partitions_added += len(new)
            added = ", ".join("/".join(item["Values"]) for item in new[:_NAMED])
            more = f" and {len(new) - _NAMED} more" if len(new) > _NAMED else ""
            self._tell("INFO", f"Added {len(new)} partitions to table {name}: {added}{more}")
        if not whole:
            return
        stale = [
            {"PartitionValueList": list(values), "PartitionInput": item}
            for values, item in wanted.items()
            if values in current and _differs(current[values], item)
        ]
        if stale and self._update != "LOG":
            self._allow("BatchUpdatePartition", name)
            request = {"DatabaseName": self._database, "TableName": name, "Entries": stale}
            _call(glue._batch_update_partition, request)
            self.changes.partitions_updated += len(stale)
            self._tell("INFO", f"Updated {len(stale)} partitions of table {name}")
        self._vanished_partitions(name, [p for values, p in current.items() if values not in wanted])

    def _vanished_partitions(self, name: str, gone: list[Json]) -> None:
        from ministack.services import glue

        for partition in gone:
            values = list(partition["Values"])
            if self._delete == "DELETE_FROM_DATABASE":
                self._allow("DeletePartition", name)
                key = {"DatabaseName": self._database, "TableName": name, "PartitionValues": values}
                _call(glue._delete_partition, key)
                self.changes.partitions_deleted += 1
                self._tell("INFO", f"Deleted partition {'/'.join(values)} of table {name}")
                continue
            text = f"Partition {'/'.join(values)} of table {name} has no files any more ({self._delete})"
            self._tell("WARN", text)
            parameters = partition.get("Parameters") or {}
            if self._delete == "DEPRECATE_IN_DATABASE" and "DEPRECATED_BY_CRAWLER" not in parameters:
                self._allow("UpdatePartition", name)
                item = {key: partition[key] for key in ("Values", "StorageDescriptor")}
                item["Parameters"] = {**parameters, "DEPRECATED_BY_CRAWLER": _now_ms()}
                entry = {"PartitionValueList": values, "PartitionInput": item}
                request = {"DatabaseName": self._database, "TableName": name, "Entries": [entry]}
                _call(glue._batch_update_partition, request)
                self.changes.partitions_updated += 1

    def known_tables(self, place: str) -> list[KnownTable]:
        """The tables that this crawler has made at or below a location."""
        from ministack.services import glue

        self._allow("GetTables", "*")
        answer = _call(glue._get_tables, {"DatabaseName": self._database})
        found = []
        for table in answer["TableList"]:
            parameters, descriptor = table.get("Parameters") or {}, table.get("StorageDescriptor") or {}
            at = descriptor.get("Location", "")
            if parameters.get("UPDATED_BY_CRAWLER") != self._name or not at.startswith(place):
                continue
            name = table["Name"]
            self._allow("GetPartitions", name)
            partitions = _call(glue._get_partitions, {"DatabaseName": self._database, "TableName": name})
            places = [p["StorageDescriptor"]["Location"] for p in partitions["Partitions"]]
            schema = FileSchema(
                parameters.get("classification", ""),
                tuple((c["Name"], c["Type"]) for c in descriptor["Columns"]),
                average_record_bytes=float(parameters.get("averageRecordSize", 1)),
                compression=parameters.get("compressionType", "none"),
                delimiter=parameters.get("delimiter", ""),
                header="skip.header.line.count" in parameters,
            )
            keys = tuple(key["Name"] for key in table.get("PartitionKeys", []))
            path = at.removeprefix("s3://").partition("/")[2].rstrip("/")
            found.append(KnownTable(name, path, schema, keys, frozenset([at, *places])))
        return found

    def retire(self, found: set[str], prefixes: list[str]) -> None:
        """Treat tables that this crawler made under its targets and no longer found as the policy says."""
        from ministack.services import glue

        answer = _call(glue._get_tables, {"DatabaseName": self._database})
        for table in answer["TableList"]:
            parameters = table.get("Parameters") or {}
            place = (table.get("StorageDescriptor") or {}).get("Location", "")
            ours = parameters.get("UPDATED_BY_CRAWLER") == self._name
            if not ours or table["Name"] in found or not place.startswith(tuple(prefixes)):
                continue
            self._tell("WARN", f"Table {table['Name']} has no files any more ({self._delete})")
            if self._delete == "DELETE_FROM_DATABASE":
                self._allow("DeleteTable", table["Name"])
                _call(glue._delete_table, {"DatabaseName": self._database, "Name": table["Name"]})
                self.changes.deleted.append(table["Name"])
            elif self._delete == "DEPRECATE_IN_DATABASE" and "DEPRECATED_BY_CRAWLER" not in parameters:
                self._allow("UpdateTable", table["Name"])
                changed = {
                    "Name": table["Name"],
                    "Parameters": {**parameters, "DEPRECATED_BY_CRAWLER": _now_ms()},
                }
                _call(glue._update_table, {"DatabaseName": self._database, "TableInput": changed})

    def _find(self, name: str) -> Json | None:
        from ministack.services import glue

        self._allow("GetTable", name)
        table: Json | None = glue._tables.get(f"{self._database}/{name}")
        return table

    def _table_input(self, name: str, bucket: str, table: Table) -> Json:
        parameters = self._parameters(table, table.object_count, table.size)
        return {
            "Name": name,
            "Owner": "owner",
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [{"Name": key, "Type": "string"} for key in table.partition_keys],
            "Parameters": {**parameters, "UPDATED_BY_CRAWLER": self._name},
            "StorageDescriptor": _descriptor(table, table.columns, place_of(bucket, table), parameters),
        }

    def _partition_input(self, bucket: str, table: Table, partition: Partition) -> Json:
        folder = partition.folder
        size = sum(item.size for item in folder.objects)
        parameters = self._parameters(table, len(folder.objects), size)
        own = (
            folder.schema.columns
            if folder.schema is not None and not self._settings.inherit
            else table.columns
        )
        place = location(bucket, folder.path)
        return {
            "Values": list(partition.values),
            "Parameters": parameters,
            "StorageDescriptor": _descriptor(table, own, place, parameters),
        }

    def _parameters(self, table: Table, objects: int, size: int) -> dict[str, str]:
        schema = table.schema
        parameters = {
            "CrawlerSchemaDeserializerVersion": "1.0",
            "CrawlerSchemaSerializerVersion": "1.0",
            "classification": schema.classification,
            "compressionType": schema.compression,
            "typeOfData": "file",
            "objectCount": str(objects),
            "sizeKey": str(size),
            "averageRecordSize": str(max(round(schema.average_record_bytes), 1)),
            # Estimated from the sampled file, as Glue's own numbers are.
            "recordCount": str(round(size / max(schema.average_record_bytes, 0.01))),
        }
        if schema.classification == "csv":
            parameters |= {
                "delimiter": schema.delimiter,
                "columnsOrdered": "true",
                "areColumnsQuoted": "false",
            }
            if schema.header:
                parameters["skip.header.line.count"] = "1"
        return parameters


def _differs(current: Json, wanted: Json) -> bool:
    """Whether a partition has changed, or is marked as gone and is back."""
    gone = "DEPRECATED_BY_CRAWLER" in (current.get("Parameters") or {})
    return gone or bool(current.get("StorageDescriptor") != wanted["StorageDescriptor"])


def location(bucket: str, path: str) -> str:
    """Return the s3:// location of a folder, with a slash at the end."""
    return f"s3://{bucket}/{path}/" if path else f"s3://{bucket}/"


def place_of(bucket: str, table: Table) -> str:
    """Return a table's location: its folder, or the file that it is."""
    return f"s3://{bucket}/{table.path}" if table.single_file else location(bucket, table.path)


def _descriptor(
    table: Table, columns: tuple[tuple[str, str], ...], place: str, parameters: dict[str, str]
) -> Json:
    schema = table.schema
    reads, writes, serde = _FORMATS[schema.classification]
    serde_parameters = {
        "parquet": {"serialization.format": "1"},
        "csv": {"field.delim": schema.delimiter},
        "json": {"paths": ",".join(schema.paths)},
    }[schema.classification]
    return {
        "Columns": [{"Name": name, "Type": kind} for name, kind in columns],
        "Location": place,
        "InputFormat": reads,
        "OutputFormat": writes,
        "Compressed": schema.compression != "none",
        "NumberOfBuckets": -1,
        "SerdeInfo": {"SerializationLibrary": serde, "Parameters": serde_parameters},
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": dict(parameters),
        "StoredAsSubDirectories": False,
    }


def _call(action: Callable[[Json], Any], request: Json) -> Json:
    """Call an action of MiniStack's Glue and return its answer; raise its error."""
    status, _, body = action(request)
    answer: Json = json.loads(body or b"{}")
    if status >= 400:
        raise CatalogError(f"{answer.get('__type', 'Error')}: {answer.get('message', '')}")
    if answer.get("Errors"):
        raise CatalogError(str(answer["Errors"][0]["ErrorDetail"]["ErrorMessage"]))
    return answer


def _now_ms() -> str:
    return str(int(time.time() * 1000))
