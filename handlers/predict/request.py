"""What a caller may ask: parsed and checked before anything is read. A refusal says what and where."""

import base64
import difflib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from common.errors import InputError
from engage_ml.dictionary import Dictionary

MAX_DIRECT = 100
MAX_BULK = 50_000
_LONGEST_ID = 128
_LONGEST_TEXT = 100


@dataclass(frozen=True)
class PredictRequest:
    """Either customer ids (in order, without repeats) or one customer's feature values."""

    customer_ids: list[str] = field(default_factory=list)
    features: dict[str, Any] | None = None
    """Unchecked: which features there are, the served model knows (`check_features`)."""

    @property
    def is_bulk(self) -> bool:
        """Whether the list is too long to be answered at once."""
        return len(self.customer_ids) > MAX_DIRECT


def parse(event: dict[str, Any]) -> PredictRequest:
    """The request of an API Gateway proxy event; raises InputError (answered as 400) for a wrong body."""
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body).decode("utf-8", "replace")
    try:
        document = json.loads(body)
    except ValueError:
        raise InputError(
            'The body is not JSON. Send {"customer_ids": ["..."]} or {"features": {...}}.'
        ) from None
    if not isinstance(document, dict):
        raise InputError("The body must be a JSON object with customer_ids or features.")
    unknown = sorted(set(document) - {"customer_ids", "features"})
    if unknown or len(document) != 1:
        what = f"not {', '.join(unknown)}" if unknown else "and not both"
        raise InputError(f"The body must have customer_ids or features, {what}.")
    if "features" in document:
        given = document["features"]
        if not isinstance(given, dict) or not given:
            raise InputError("features must be an object with at least one feature and its value.")
        return PredictRequest(features=given)
    return PredictRequest(customer_ids=parse_ids(document["customer_ids"]))


def parse_ids(value: Any) -> list[str]:
    """The ids without repeats, in order; raises InputError for anything but a list of short strings."""
    if not isinstance(value, list) or not value:
        raise InputError("customer_ids must be a list with at least one customer id.")
    if len(value) > MAX_BULK:
        raise InputError(
            f"customer_ids holds {len(value)} ids, more than {MAX_BULK}: "
            "send several requests, or query the table predictions."
        )
    for place, item in enumerate(value):
        if not isinstance(item, str) or not item.strip() or len(item) > _LONGEST_ID:
            raise InputError(f"customer_ids[{place}] must be a string of 1 to {_LONGEST_ID} characters.")
    return list(dict.fromkeys(item.strip() for item in value))


def check_features(known: Dictionary, given: dict[str, Any]) -> dict[str, float | str | None]:
    """The values by name (those left out are missing); raises InputError for an unknown name or type.

    `known` are the features of the served model's contract.
    """
    return {name: _feature(known, name, value) for name, value in given.items()}


def unknown_values(
    categories: Mapping[str, Sequence[str]], features: Mapping[str, float | str | None]
) -> dict[str, str]:
    """Category values that the model has never seen, by feature: it scores them like a missing one."""
    return {
        name: value
        for name, value in features.items()
        if isinstance(value, str) and value not in categories.get(name, ())
    }


def _feature(known: Dictionary, name: str, value: Any) -> float | str | None:
    if name not in known.by_name:
        near = difflib.get_close_matches(name, known.names, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else f". Known are {', '.join(known.names)}."
        raise InputError(f"There is no feature '{name[:_LONGEST_TEXT]}'{hint}")
    if value is None:
        return None
    if known.by_name[name].categorical:
        if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
            raise InputError(
                f"The feature {name} must be a text of at most {_LONGEST_TEXT} characters or null."
            )
        return value
    if isinstance(value, bool):
        return float(value)
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"The feature {name} must be a finite number or null.")
    return float(value)
