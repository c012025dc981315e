"""The prediction cache: DynamoDB items by run, model version and customer (or features), with a TTL.

DynamoDB deletes an expired item some time within two days and returns it until then, so the reader
compares `expires_at` itself: an item past it is never served. Reads and writes go in batches.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from common.aws import client

_READ_BATCH, _WRITE_BATCH = 100, 25
_ATTEMPTS = 4


def customer_key(run_id: str, model_version: str, customer_id: str) -> str:
    """A new run or a new model has other keys: nothing has to be invalidated."""
    return f"{run_id}#{model_version}#{customer_id}"


def features_key(run_id: str, model_version: str, features: dict[str, Any]) -> str:
    """The key of a prediction from feature values, the same for the same values in any order."""
    text = json.dumps(features, sort_keys=True, separators=(",", ":"))
    return f"features#{run_id}#{model_version}#{hashlib.sha256(text.encode()).hexdigest()}"


def read(table: str, keys: list[str], now: float) -> dict[str, tuple[dict[str, Any], int]]:
    """The cached predictions of `keys` that have not expired, with their age in whole seconds.

    Keys that DynamoDB leaves unprocessed (throttling) after some tries count as misses: the cache
    must never be the reason for a failed request.
    """
    found: dict[str, tuple[dict[str, Any], int]] = {}
    for batch in _chunks(keys, _READ_BATCH):
        request: dict[str, Any] = {table: {"Keys": [{"pk": {"S": key}} for key in batch]}}
        for _ in range(_ATTEMPTS):
            answer = client("dynamodb").batch_get_item(RequestItems=request)
            for item in answer.get("Responses", {}).get(table, []):
                if float(item["expires_at"]["N"]) > now:
                    age = max(0, int(now - float(item["created_at"]["N"])))
                    found[item["pk"]["S"]] = (json.loads(item["prediction"]["S"]), age)
            request = answer.get("UnprocessedKeys") or {}
            if not request:
                break
    return found


def write(table: str, predictions: dict[str, dict[str, Any]], now: float, ttl_seconds: int) -> None:
    """Stores `predictions` by key until `now + ttl_seconds`; with a TTL of 0 nothing is stored."""
    if ttl_seconds <= 0:
        return
    for batch in _chunks(list(predictions), _WRITE_BATCH):
        request: dict[str, Any] = {
            table: [{"PutRequest": {"Item": _item(key, predictions[key], now, ttl_seconds)}} for key in batch]
        }
        for _ in range(_ATTEMPTS):
            request = client("dynamodb").batch_write_item(RequestItems=request).get("UnprocessedItems") or {}
            if not request:
                break


def _item(key: str, prediction: dict[str, Any], now: float, ttl_seconds: int) -> dict[str, Any]:
    return {
        "pk": {"S": key},
        "prediction": {"S": json.dumps(prediction, sort_keys=True)},
        "created_at": {"N": str(int(now))},
        "expires_at": {"N": str(int(now) + ttl_seconds)},
    }


def _chunks(items: Iterable[str], size: int) -> Iterator[list[str]]:
    batch: list[str] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
