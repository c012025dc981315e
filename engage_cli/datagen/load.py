"""Loads raw data: new files first, then the stale ones go, and a marker stands while it is unfinished."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Protocol, TypeVar

from engage_cli.datagen.sinks import Sink
from engage_cli.errors import UserError

if TYPE_CHECKING:
    from engage_ml.data_contract import DataContract

LOADING_KEY = "_loading.json"
"""Stands in the raw bucket while a load is going on; the pipeline refuses to start when it sees it."""

SYNTHETIC_KEY = "_synthetic.json"
"""Stands in the raw bucket while its data are generated ones, which a demo may replace."""

TABLES = ("customers/", "activity/")
T = TypeVar("T")


class RawStore(Protocol):
    """The raw bucket, as far as loading needs it."""

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys below `prefix`."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Write an object."""
        ...

    def delete(self, keys: Iterable[str]) -> int:
        """Delete the keys; return how many there were."""
        ...


class RecordingSink:
    """Remembers the keys, and does something before the first of them."""

    def __init__(self, sink: Sink, before_first: Callable[[], None] = lambda: None) -> None:
        self._sink = sink
        self._before_first = before_first
        self._lock = Lock()
        self.keys: set[str] = set()

    def put(self, key: str, data: bytes) -> None:
        with self._lock:
            if not self.keys:
                self._before_first()
            self.keys.add(key)
        self._sink.put(key, data)


def existing_keys(raw: RawStore) -> list[str]:
    """Return the keys of the raw tables."""
    return [key for prefix in TABLES for key in raw.keys(prefix)]


def load_raw(
    raw: RawStore,
    sink: Sink,
    write: Callable[[Sink], T],
    *,
    replaces: Callable[[str, set[str]], bool] = lambda _key, _new: True,
    contract: "DataContract | None" = None,
    note: Mapping[str, str] | None = None,
    own: bool = False,
) -> T:
    """Write files with `write(sink)`, then delete the old files that `replaces(old key, new keys)` names, and
    put the data contract beside them (None: the data are of the synthetic shapes, which need none).
    `own`: they are a user's, so the bucket no longer counts as generated before the first of them is there.

    An interrupted load leaves the marker, with the `note`, so that no run uses a mixture; loading again
    repairs it. Refused input leaves no marker: it is set before the first file.
    """
    from engage_ml.data_contract import KEY

    before = existing_keys(raw)

    def mark() -> None:
        started = {"started": datetime.now(UTC).isoformat(), **(note or {})}
        raw.put(LOADING_KEY, json.dumps(started).encode())
        if own:
            raw.delete([SYNTHETIC_KEY])

    recorder = RecordingSink(sink, mark)
    result = write(recorder)
    raw.delete([key for key in before if key not in recorder.keys and replaces(key, recorder.keys)])
    if contract is not None:
        raw.put(KEY, json.dumps(contract.to_dict(), indent=2).encode())
    elif recorder.keys:
        raw.delete([KEY])
    raw.delete([LOADING_KEY])
    return result


def refuse_to_replace_own_data(raw: RawStore) -> None:
    """Raise UserError when the raw data were not generated: a demo must not replace a user's own."""
    if existing_keys(raw) and not list(raw.keys(SYNTHETIC_KEY)):
        raise UserError(
            "There is data of your own in this environment, which a demo would replace.",
            hint="Run it beside: engage demo --env demo",
        )


def refuse_to_overwrite(raw: RawStore, replace: bool) -> None:
    """Raise UserError when there is data that the user has not agreed to replace."""
    if not replace and existing_keys(raw):
        raise UserError("There is raw data already.", hint="Add --replace to put new data in its place.")
