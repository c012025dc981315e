"""What is served now: the pointer `online/current.json`, and the data contract that it carries."""

from typing import Any

from engage_ml.data_contract import DEFAULT, DataContract, parse

from common import names, s3


def read_pointer(bucket: str) -> dict[str, Any] | None:
    """The pointer to the served run; None before the first one was published."""
    return s3.get_json(bucket, names.CURRENT_KEY)


def contract_of(pointer: dict[str, Any]) -> DataContract:
    """The contract of the served predictions.

    Pointers of versions before contracts have none: those knew the synthetic data's columns only.
    """
    document = pointer.get("contract")
    return DEFAULT if document is None else parse(document)
