"""The columns of the predictions table, which follow from the data contract. Standard library only."""

from __future__ import annotations

from .data_contract import BOOLEAN, NUMBER, Attribute, DataContract

FIRST: tuple[tuple[str, str], ...] = (
    ("customer_id", "string"),
    ("churn_probability", "double"),
    ("expected_engagement", "double"),
    ("engagement_low", "double"),
    ("engagement_high", "double"),
    ("expected_value", "double"),
    ("value_low", "double"),
    ("value_high", "double"),
    ("risk_band", "string"),
    ("segment", "string"),
    ("reason_1", "string"),
    ("reason_2", "string"),
    ("reason_3", "string"),
)
LAST: tuple[tuple[str, str], ...] = (
    ("tenure_weeks", "bigint"),
    ("active_weeks_12", "bigint"),
    ("value_12w", "double"),
    ("days_since_active", "bigint"),
    ("recently_active", "boolean"),
    ("model_version", "string"),
    ("run_id", "string"),
)


def prediction_table(contract: DataContract) -> tuple[tuple[str, str], ...]:
    """Columns of a predictions file with their Glue types: what is predicted, the contract's attributes,
    what the customer did; `as_of` is the partition key and not in the file.
    """
    return (*FIRST, *((a.column, _type(a)) for a in contract.attributes), *LAST)


def _type(attribute: Attribute) -> str:
    if attribute.kind == BOOLEAN:
        return "boolean"
    return "double" if attribute.kind == NUMBER and not attribute.bands else "string"
