"""What changed in MiniStack's state since it was last written.

MiniStack hands out each service's state as named stores of entries. An entry that did not change is found
by comparing its JSON with what was written last; entries that have ended for good are not looked at again.
The items of DynamoDB tables and the events of log streams, which grow without bound, are told by the seams
or by their position, and each is a child of its entry.
"""

import hashlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from engage_cli.local.state_file import Changes, StateError

Json = dict[str, Any]
Touched = dict[int, tuple[Json, set[tuple[Any, Any]] | None]]

SEPARATOR = "\x00"
_GONE = object()


@dataclass(frozen=True)
class Lifecycle:
    """A store whose entries have a status: where it is, and the statuses after which nothing changes."""

    service: str
    store: str
    status: Callable[[Json], Any]
    ended: frozenset[str] = frozenset()
    progress: Callable[[Json], Any] = lambda entry: None
    """What else a client that polls can see grow."""

    def entries(self) -> Json:
        """The entries of all accounts and regions, as they are in memory now."""
        module = sys.modules.get(f"ministack.services.{self.service}")
        return {} if module is None else dict(getattr(module, f"_{self.store}")._data)


LIFECYCLES = {
    "states": Lifecycle(
        "stepfunctions",
        "executions",
        lambda entry: entry.get("status"),
        frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}),
        lambda entry: len(entry.get("events") or ()),
    ),
    "athena": Lifecycle(
        "athena",
        "executions",
        lambda entry: (entry.get("Status") or {}).get("State"),
        frozenset({"SUCCEEDED", "FAILED", "CANCELLED"}),
    ),
    "ecs": Lifecycle("ecs", "tasks", lambda entry: entry.get("lastStatus")),
    "glue": Lifecycle("glue", "crawlers", lambda entry: entry.get("State")),
    "cloudformation": Lifecycle("cloudformation", "stacks", lambda entry: entry.get("StackStatus")),
}
"""By the name that requests have: what changes without a request, and is read by polling."""
# Segments change without a request as well, but nobody polls for them.
_SEGMENTS = Lifecycle(
    "xray", "segments", lambda entry: "end_time" in entry and "complete", frozenset({"complete"})
)
_BY_STORE = {(each.service, each.store): each for each in (*LIFECYCLES.values(), _SEGMENTS)}
_DYNAMODB_STORES = ("tables", "tags", "ttl_settings", "pitr_settings", "kinesis_destinations",
                    "contributor_insights", "backups", "resource_policies", "exports", "imports")  # fmt: skip
# Pointers that a log query hands out for GetLogRecord: they end with the process.
_UNKEPT = {("cloudwatch_logs", "log_records")}


@dataclass
class TouchedItems:
    """Which DynamoDB items were written since they were last asked for. Filled by the seams."""

    _tables: dict[int, tuple[Json, set[tuple[Any, Any]] | None]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def item(self, table: Json, partition: Any, sort: Any) -> None:
        """One item of `table` was set or removed."""
        with self._lock:
            _, keys = self._tables.setdefault(id(table), (table, set()))
            if keys is not None:
                keys.add((partition, sort))

    def table(self, table: Json) -> None:
        """All items of `table` may have changed."""
        with self._lock:
            self._tables[id(table)] = (table, None)

    def take(self) -> Touched:
        """Return everything noted, and forget it."""
        with self._lock:
            taken, self._tables = self._tables, {}
        return taken

    def give_back(self, taken: Touched) -> None:
        """Note again what could not be written."""
        for table, keys in taken.values():
            if keys is None:
                self.table(table)
            else:
                for partition, sort in keys:
                    self.item(table, partition, sort)


@dataclass
class Found:
    """Changes to write, and what to remember once they are written: mapping, key, value (or _GONE)."""

    changes: Changes = field(default_factory=Changes)
    learned: list[tuple[dict[Any, Any], Any, Any]] = field(default_factory=list)

    def add(self, other: "Found") -> None:
        self.changes.records |= other.changes.records
        self.changes.emptied |= other.changes.emptied
        self.changes.children |= other.changes.children
        self.learned += other.learned

    def remember(self) -> None:
        for mapping, key, value in self.learned:
            if value is _GONE:
                mapping.pop(key, None)
            else:
                mapping[key] = value


class Collector:
    """Finds changes by what it remembers of the last ones. Not for use by two threads at once."""

    def __init__(self) -> None:
        self._written: dict[str, dict[tuple[str, str, str], str]] = {}
        self._ended: dict[Any, Any] = {}
        self._tables: dict[str, Json] = {}
        self._streams: dict[str, tuple[list[Any], int]] = {}

    def written(self, service: str, store: str, key: str, text: str) -> None:
        """A record that is in the file already."""
        self._written.setdefault(service, {})[service, store, key] = _digest(text)

    def items_written(self) -> None:
        """The items of all tables are in the file already."""
        self._tables = {key_text(scope): table for scope, table in _live_dynamodb()["tables"]._data.items()}

    def collect(self, states: dict[str, Callable[[], Any]], touched: Touched) -> Found:
        """What changed in these services. `remember()` it when it is written. Raises StateError."""
        found = Found()
        for service, get_state in states.items():
            found.add(self._collect(service, get_state, touched))
        return found

    def _collect(self, service: str, get_state: Callable[[], Any], touched: Touched) -> Found:
        for _ in range(50):
            found = Found()
            try:
                state = _live_dynamodb() if service == "dynamodb" else get_state()
                if state is None:
                    return found
                if service == "dynamodb":
                    state = self._collect_items(state, touched, found)
                elif service == "cloudwatch_logs":
                    state = self._collect_events(state, found)
                self._collect_records(service, state, found)
                return found
            except RuntimeError:
                # A store grew while it was walked; the requests do not wait for us, so walk it again.
                time.sleep(0.002)
        raise StateError(f"The state of {service} changes too fast to be written.", "Repeat the command.")

    def _collect_records(self, service: str, state: Json, found: Found) -> None:
        from ministack.core import persistence

        known = self._written.setdefault(service, {})
        present = set()
        for store, key, entry in _entries(service, state):
            name = (service, store, key)
            present.add(name)
            ended = _ended(service, store, entry)
            if ended and self._ended.get(name) is entry:
                continue
            text = json.dumps(entry, default=persistence._json_default)
            digest = _digest(text)
            if known.get(name) != digest:
                found.changes.records[name] = text
                found.learned.append((known, name, digest))
            if ended:
                found.learned.append((self._ended, name, entry))
        for name in known.keys() - present:
            found.changes.records[name] = None
            found.learned += [(known, name, _GONE), (self._ended, name, _GONE)]

    def _collect_items(
        self,
        state: Json,
        touched: Touched,
        found: Found,
    ) -> Json:
        """Take the items out of the tables' entries; each item is a child of its table."""
        slim = type(state["tables"])()
        for scope, table in list(state["tables"]._data.items()):
            slim._data[scope] = {
                name: value for name, value in table.items() if name not in ("items", _index_members())
            }
            parent = key_text(scope)
            _, noted = touched.get(id(table), (table, set()))
            if self._tables.get(parent) is not table or noted is None:
                found.changes.emptied.add(("dynamodb", parent))
                keys = {(pk, sk) for pk, by_sort in list(table["items"].items()) for sk in list(by_sort)}
            else:
                keys = noted
            for pk, sk in keys:
                item = (table["items"].get(pk) or {}).get(sk)
                found.changes.children["dynamodb", parent, repr((pk, sk))] = (
                    None if item is None else _dump(item)
                )
            found.learned.append((self._tables, parent, table))
        present = {key_text(scope) for scope in slim._data}
        for parent in self._tables.keys() - present:
            found.changes.emptied.add(("dynamodb", parent))
            found.learned.append((self._tables, parent, _GONE))
        return {**state, "tables": slim}

    def _collect_events(self, state: Json, found: Found) -> Json:
        """Take the events out of the log groups' entries: new ones are children of their stream."""
        slim = type(state["log_groups"])()
        present = set()
        for scope, group in list(state["log_groups"]._data.items()):
            streams = {}
            for name, stream in list(group["streams"].items()):
                streams[name] = {key: value for key, value in stream.items() if key != "events"}
                parent = key_text(scope) + SEPARATOR + name
                present.add(parent)
                events = stream["events"]
                known, length = self._streams.get(parent, ([], 0))
                now = len(events)
                if known is not events or now < length:
                    found.changes.emptied.add(("cloudwatch_logs", parent))
                    length = 0
                if now > length:
                    # A key that sorts: the position of the batch's first event.
                    found.changes.children["cloudwatch_logs", parent, f"{length:012d}"] = _dump(
                        events[length:now]
                    )
                if known is not events or now != length:
                    found.learned.append((self._streams, parent, (events, now)))
            slim._data[scope] = {**group, "streams": streams}
        for parent in self._streams.keys() - present:
            found.changes.emptied.add(("cloudwatch_logs", parent))
            found.learned.append((self._streams, parent, _GONE))
        return {**state, "log_groups": slim}


def _entries(service: str, state: Json) -> Iterator[tuple[str, str, Any]]:
    """Every entry of a service's stores: the store's name with its kind, the entry's key, the entry."""
    from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict

    for name, store in state.items():
        if (service, name) in _UNKEPT:
            continue
        if isinstance(store, AccountRegionScopedDict | AccountScopedDict):
            kind = "region" if isinstance(store, AccountRegionScopedDict) else "account"
            for scope, entry in list(store._data.items()):
                yield f"{name}:{kind}", key_text(scope), entry
        else:
            yield f"{name}:plain", "", store


def _ended(service: str, store: str, entry: Any) -> bool:
    lifecycle = _BY_STORE.get((service, store.rsplit(":", 1)[0]))
    return lifecycle is not None and lifecycle.status(entry) in lifecycle.ended


def _live_dynamodb() -> Json:
    """DynamoDB's stores themselves: its `get_state` would copy every item."""
    from ministack.services import dynamodb

    return {name: getattr(dynamodb, f"_{name}") for name in _DYNAMODB_STORES}


def _index_members() -> str:
    from ministack.services import dynamodb

    name: str = dynamodb._INDEX_MEMBERS
    return name


def key_text(scope: tuple[Any, ...]) -> str:
    """A scoped key as MiniStack writes it: account, (region,) and the key as Python writes it."""
    return SEPARATOR.join([*scope[:-1], repr(scope[-1])])


def _dump(value: Any) -> str:
    from ministack.core import persistence

    return json.dumps(value, default=persistence._json_default)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
