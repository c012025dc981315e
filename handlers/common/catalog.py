"""The Glue Data Catalog: tables and partitions of the lake, as far as the handlers need them."""

from collections.abc import Sequence
from typing import Any

from common.aws import client, error_code


def columns(database: str, table: str) -> dict[str, str] | None:
    """Column (and partition key) types by name, lower case; None when the table does not exist."""
    description = _table(database, table)
    if description is None:
        return None
    found = description.get("StorageDescriptor", {}).get("Columns", []) + description.get("PartitionKeys", [])
    return {column["Name"].lower(): column.get("Type", "string").lower() for column in found}


def drop_table(database: str, table: str) -> bool:
    """Removes the table from the catalog (its objects stay); False when there was none."""
    try:
        client("glue").delete_table(DatabaseName=database, Name=table)
    except client("glue").exceptions.ClientError as error:
        if error_code(error) == "EntityNotFoundException":
            return False
        raise
    return True


def drop_tables(database: str, tables: list[str]) -> list[str]:
    """Removes those of `tables` that exist and returns their names."""
    return [table for table in tables if drop_table(database, table)]


def partition_location(database: str, table: str, value: str) -> str | None:
    """The location of the partition with the one key value `value`; None when there is none."""
    try:
        answer = client("glue").get_partition(DatabaseName=database, TableName=table, PartitionValues=[value])
    except client("glue").exceptions.ClientError as error:
        if error_code(error) == "EntityNotFoundException":
            return None
        raise
    return str(answer["Partition"]["StorageDescriptor"]["Location"])


def point_partition(database: str, table: str, value: str, location: str) -> str | None:
    """Makes the partition `value` of `table` read `location`, in one call; the location it had before.

    Readers see the old location or the new one. Raises when the table does not exist: it belongs to
    the templates, not to a run.
    """
    before = partition_location(database, table, value)
    if before == location:
        return before
    description = client("glue").get_table(DatabaseName=database, Name=table)["Table"]
    storage: dict[str, Any] = {**description["StorageDescriptor"], "Location": location}
    partition = {"Values": [value], "StorageDescriptor": storage}
    if before is None:
        client("glue").create_partition(DatabaseName=database, TableName=table, PartitionInput=partition)
    else:
        client("glue").update_partition(
            DatabaseName=database, TableName=table, PartitionValueList=[value], PartitionInput=partition
        )
    return before


def set_columns(database: str, table: str, wanted: Sequence[tuple[str, str, str]]) -> bool:
    """Gives the table these columns (name, Glue type, comment) when it has others; whether it was changed.

    Columns that earlier partitions lack read as NULL there.
    """
    description = client("glue").get_table(DatabaseName=database, Name=table)["Table"]
    before = description["StorageDescriptor"]["Columns"]
    if [(c["Name"], c["Type"], c.get("Comment", "")) for c in before] == list(wanted):
        return False
    columns = [{"Name": name, "Type": kind, "Comment": comment} for name, kind, comment in wanted]
    kept = ("Name", "Description", "TableType", "Parameters", "PartitionKeys")
    client("glue").update_table(
        DatabaseName=database,
        TableInput={
            **{name: description[name] for name in kept if name in description},
            "StorageDescriptor": {**description["StorageDescriptor"], "Columns": columns},
        },
    )
    return True


def _table(database: str, table: str) -> dict[str, Any] | None:
    try:
        return dict(client("glue").get_table(DatabaseName=database, Name=table)["Table"])
    except client("glue").exceptions.ClientError as error:
        if error_code(error) == "EntityNotFoundException":
            return None
        raise
