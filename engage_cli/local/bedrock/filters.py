"""Metadata filters of S3 Vectors queries, and their twin of knowledge base retrieval.

S3 Vectors: `{"plan": "pro"}`, `{"age": {"$gte": 21}}`, `$and`, `$or`,
`$eq $ne $gt $gte $lt $lte $in $nin $exists`.
Knowledge bases: `{"equals": {"key": ..., "value": ...}}` and the like, translated into the former.
"""

from collections.abc import Callable
from typing import Any

from engage_cli.local.bedrock.errors import validation

Metadata = dict[str, Any]


def _numbers(test: Callable[[float, float], bool]) -> Callable[[Any, Any], bool]:
    def compare(actual: Any, expected: Any) -> bool:
        for value in (actual, expected):
            if isinstance(value, bool) or not isinstance(value, int | float):
                return False
        return test(float(actual), float(expected))

    return compare


def _equal(actual: Any, expected: Any) -> bool:
    """A list holds the value that is looked for, as S3 Vectors compares arrays."""
    return expected in actual if isinstance(actual, list) else bool(actual == expected)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": _equal,
    "$ne": lambda actual, expected: not _equal(actual, expected),
    "$gt": _numbers(lambda a, b: a > b),
    "$gte": _numbers(lambda a, b: a >= b),
    "$lt": _numbers(lambda a, b: a < b),
    "$lte": _numbers(lambda a, b: a <= b),
    "$in": lambda actual, expected: any(_equal(actual, one) for one in expected),
    "$nin": lambda actual, expected: not any(_equal(actual, one) for one in expected),
}


def matches(metadata: Metadata, condition: Any) -> bool:
    """Say whether `metadata` satisfies the S3 Vectors filter `condition`."""
    if not isinstance(condition, dict) or not condition:
        raise validation("Invalid filter: it must be a non-empty JSON object.")
    return all(_one(metadata, key, value) for key, value in condition.items())


def _one(metadata: Metadata, key: str, value: Any) -> bool:
    if key in ("$and", "$or"):
        if not isinstance(value, list) or not value:
            raise validation(f"Invalid filter: {key} takes a non-empty list.")
        results = [matches(metadata, part) for part in value]
        return all(results) if key == "$and" else any(results)
    if key.startswith("$"):
        raise validation(f"Invalid filter: unknown operator {key}.")
    if not isinstance(value, dict):
        return key in metadata and _equal(metadata[key], value)
    return all(_compare(metadata, key, operator, expected) for operator, expected in value.items())


def _compare(metadata: Metadata, key: str, operator: str, expected: Any) -> bool:
    if operator == "$exists":
        return (key in metadata) == bool(expected)
    if operator not in _OPERATORS:
        raise validation(f"Invalid filter: unknown operator {operator}.")
    if operator in ("$in", "$nin") and not isinstance(expected, list):
        raise validation(f"Invalid filter: {operator} takes a list.")
    if key not in metadata:
        return operator in ("$ne", "$nin")
    return _OPERATORS[operator](metadata[key], expected)


_RETRIEVAL = {
    "equals": "$eq",
    "notEquals": "$ne",
    "greaterThan": "$gt",
    "greaterThanOrEquals": "$gte",
    "lessThan": "$lt",
    "lessThanOrEquals": "$lte",
    "in": "$in",
    "notIn": "$nin",
}


def from_retrieval(condition: dict[str, Any]) -> dict[str, Any]:
    """Translate a RetrievalFilter into an S3 Vectors filter. S3 Vectors has no startsWith: refused, as on
    AWS.
    """
    if len(condition) != 1:
        raise validation("A retrieval filter holds exactly one operator.")
    ((operator, value),) = condition.items()
    if operator in ("andAll", "orAll"):
        return {"$and" if operator == "andAll" else "$or": [from_retrieval(part) for part in value]}
    if operator not in _RETRIEVAL:
        raise validation(f"The filter operator {operator} is not supported with an S3 Vectors store.")
    return {str(value["key"]): {_RETRIEVAL[operator]: value["value"]}}
