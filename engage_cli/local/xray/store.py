"""The segments that X-Ray has, by trace. Kept with the endpoint's state for thirty days, as on AWS."""

import json
import threading
import time
from typing import Any

Json = dict[str, Any]
SERVICE = "xray"
KEPT_SECONDS = 30 * 24 * 3600
_EVICTION_SECONDS = 3600.0

_lock = threading.Lock()
_segments: Any = None
_evicted = 0.0


def segments() -> Any:
    """MiniStack's kind of store: by (account, Region, "trace id/segment id"), the segment's document."""
    from ministack.core.responses import AccountRegionScopedDict

    global _segments
    if _segments is None:
        _segments = AccountRegionScopedDict()
    return _segments


def get_state() -> Json:
    with _lock:
        return {"segments": segments()}


def load_persisted_state(data: Json) -> None:
    segments().update(data.get("segments", {}))


def reset() -> None:
    segments().clear()


def put(document: Json) -> None:
    """Keep a segment, or a subsegment that was sent by itself; one of the same id is replaced."""
    with _lock:
        # A new object each time: an entry that is complete and the same object is not written again.
        segments()[f"{document['trace_id']}/{document['id']}"] = json.loads(json.dumps(document))
        _evict()


def stored() -> dict[str, list[Json]]:
    """The documents of this account and Region by trace id."""
    found: dict[str, list[Json]] = {}
    with _lock:
        documents = list(segments().values())
    for document in documents:
        found.setdefault(document["trace_id"], []).append(document)
    return found


def of_trace(trace_id: str) -> list[Json]:
    """The documents of one trace."""
    with _lock:
        items = list(segments().items())
    return [document for key, document in items if key.startswith(f"{trace_id}/")]


def _evict() -> None:
    global _evicted
    if time.monotonic() - _evicted < _EVICTION_SECONDS and _evicted:
        return
    _evicted = time.monotonic()
    oldest = time.time() - KEPT_SECONDS
    data = segments()._data
    for key in [key for key, document in data.items() if document.get("start_time", 0) < oldest]:
        del data[key]
