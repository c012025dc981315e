"""Answers a list of customers that is too long for the API's function: JSON lines in, JSON lines out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engage_ml import contract, registry
from engage_ml.answers import answer_rows
from engage_ml.blocks import FeatureBlock

CURRENT_KEY = "online/current.json"


@dataclass(frozen=True)
class Request:
    """Where the request is, where the result goes, and the run to answer from (None: the published one)."""

    key: str
    result_key: str
    serving: Mapping[str, str] | None


def request_from(environment: Mapping[str, str]) -> Request:
    """The request that the environment names: JOB_ID, or BULK_KEY and RESULT_KEY; RUN_ID with N_SHARDS,
    MODEL_VERSION and AS_OF pin the run that was published when the job was made.

    Raises:
        ContractError: when it names none.
    """
    job = environment.get("JOB_ID")
    key = environment.get("BULK_KEY") or (f"bulk/{job}/request.jsonl" if job else None)
    if not key:
        raise contract.ContractError("Neither JOB_ID nor BULK_KEY is set.")
    result = environment.get("RESULT_KEY") or key.rpartition("/")[0] + "/result.jsonl"
    pinned = {
        name.lower(): environment[name]
        for name in ("RUN_ID", "N_SHARDS", "MODEL_VERSION", "AS_OF")
        if environment.get(name)
    }
    return Request(key, result, pinned if len(pinned) == 4 else None)


def answer(store: registry.Store, request: Request, threads: int) -> tuple[int, int]:
    """Writes the result: a line per prediction, then `{"customer_id", "not_found": true}` per unknown
    customer.

    One shard is in memory at a time. Returns the numbers of predictions and of unknown customers.

    Raises:
        ContractError: when the request is malformed or nothing is published.
    """
    serving = request.serving or _published(store)
    n_shards = int(serving["n_shards"])
    by_shard: dict[int, list[str]] = {}
    for customer_id in customer_ids(store, request.key):
        by_shard.setdefault(contract.shard_of(customer_id, n_shards), []).append(customer_id)
    model = registry.read_model(store, str(serving["model_version"]), threads)
    lines: list[str] = []
    unknown: list[str] = []
    for shard, wanted in sorted(by_shard.items()):
        whole = _shard(store, f"online/run={serving['run_id']}/shard={shard}/")
        if whole is None:
            unknown.extend(wanted)
            continue
        block, missing = whole.find(wanted)
        unknown.extend(missing)
        lines.extend(json.dumps(row) for row in answer_rows(model, [block], str(serving["as_of"]), threads))
    scored = len(lines)
    lines.extend(json.dumps({"customer_id": customer_id, "not_found": True}) for customer_id in unknown)
    store.put(request.result_key, "".join(line + "\n" for line in lines).encode())
    return scored, len(unknown)


def customer_ids(store: registry.Store, key: str) -> list[str]:
    """The distinct customers of a request, in order; a line is `{"customer_id": "..."}` or `"..."`.

    Raises:
        ContractError: when the request is missing or a line is malformed.
    """
    try:
        text = store.get(key).decode()
    except (KeyError, UnicodeDecodeError) as error:
        raise contract.ContractError(f"The request {key} cannot be read.") from error
    found: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            found[_customer_id(line, number)] = None
    return list(found)


def _customer_id(line: str, number: int) -> str:
    try:
        item: Any = json.loads(line)
    except ValueError as error:
        raise contract.ContractError(f"Line {number} of the request is not JSON.") from error
    value = item.get("customer_id") if isinstance(item, dict) else item
    if not isinstance(value, str) or not value:
        raise contract.ContractError(f"Line {number} of the request has no customer_id.")
    return value


def _published(store: registry.Store) -> Mapping[str, Any]:
    try:
        pointer: Mapping[str, Any] = json.loads(store.get(CURRENT_KEY))
    except KeyError as error:
        raise contract.ContractError("No run has been published yet.") from error
    return pointer


def _shard(store: registry.Store, prefix: str) -> FeatureBlock | None:
    try:
        parts = [store.get(prefix + name) for name in ("ids.bin", "features.npy", "block.json")]
    except KeyError:
        return None
    return FeatureBlock.from_bytes(*parts)
