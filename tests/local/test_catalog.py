"""The Glue catalog of the embedded endpoint, where MiniStack's needs help."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.local


def test_a_partition_can_be_pointed_at_another_place(aws: Callable[..., Any]) -> None:
    glue = aws("glue")
    glue.create_database(DatabaseInput={"Name": "moved"})
    glue.create_table(
        DatabaseName="moved", TableInput={"Name": "t", "PartitionKeys": [{"Name": "d", "Type": "string"}]}
    )

    def partition(place: str) -> dict[str, Any]:
        return {"Values": ["2026-01-05"], "StorageDescriptor": {"Location": place}}

    glue.create_partition(DatabaseName="moved", TableName="t", PartitionInput=partition("s3://b/old/"))
    glue.update_partition(
        DatabaseName="moved",
        TableName="t",
        PartitionValueList=["2026-01-05"],
        PartitionInput=partition("s3://b/new/"),
    )
    found = glue.get_partition(DatabaseName="moved", TableName="t", PartitionValues=["2026-01-05"])
    assert found["Partition"]["StorageDescriptor"]["Location"] == "s3://b/new/"


def test_a_partition_that_is_not_there_cannot_be_moved(aws: Callable[..., Any]) -> None:
    glue = aws("glue")
    glue.create_database(DatabaseInput={"Name": "unmoved"})
    glue.create_table(DatabaseName="unmoved", TableInput={"Name": "t"})
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        glue.update_partition(
            DatabaseName="unmoved", TableName="t", PartitionValueList=["x"], PartitionInput={"Values": ["x"]}
        )
