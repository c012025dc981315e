"""Keep MiniStack's state: what a client was told is on disk before it is told.

The guard asks for a `barrier` before a response leaves: the service's changed records are written in one
transaction, shared by all the requests that wait at that moment (group commit). What changes without a
request (executions, tasks, queries) is written within a second, and before a client can read a new status.
"""

import ast
import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engage_cli.local import interrupted, s3_files
from engage_cli.local.changed import LIFECYCLES, SEPARATOR, Collector, TouchedItems, key_text
from engage_cli.local.state_file import StateError, StateFile

if TYPE_CHECKING:
    from engage_cli.local.guard import Request

logger = logging.getLogger("engage.persistence")

Json = dict[str, Any]

_QUIET_SECONDS = 1.0
_IDLE_SECONDS = 10.0
_REST_FACTOR = 20
INVOCATION = "invocation"
"""What `barrier` is told for the call of a function, of whatever service."""

# Which services' states a request to a service can change at once; one that is not named: any.
_CHANGES: dict[str, tuple[str, ...]] = {
    "dynamodb": ("dynamodb",),
    "s3": ("s3",),
    "logs": ("cloudwatch_logs", "cloudwatch"),
    "monitoring": ("cloudwatch",),
    "xray": ("xray",),
    "states": ("stepfunctions", "eventbridge"),
    "athena": ("athena",),
    "sts": ("sts", "iam"),
    "ecs": ("ecs", "ecs_metadata", "cloudwatch_logs"),
    "ecr": ("ecr",),
    "secretsmanager": ("secretsmanager",),
    "bedrock-runtime": ("bedrock_runtime",),
    # Its store writes its own files.
    "s3vectors": (),
    # A call of a function: what the function does, it does by requests of its own.
    INVOCATION: (),
}


class Persistence:
    """Writes what changed, and restores it.

    `states` gives each service's `get_state`, as MiniStack has it.
    """

    def __init__(self, file: StateFile, states: Callable[[], dict[str, Callable[[], Any]]]) -> None:
        self._file = file
        self._states = states
        self.touched = TouchedItems()
        self._lock = threading.Lock()
        self._collector = Collector()
        self._seen: dict[str, Json] = {}
        self._changed = threading.Event()
        self._active = False
        self._waiting: _Batch | None = None
        self._running: asyncio.Task[None] | None = None

    # -- before a response leaves

    async def before_answer(self, request: "Request") -> None:
        """The guard's barrier. Raises StateError when what the response would tell is not on disk."""
        failures = s3_files.failures.get()
        if failures:
            directory = self._file.path.parent.parent
            raise StateError(
                f"The local state in {directory} cannot be written: {failures[0].strerror}.",
                "Free disk space or mend the directory's permissions, then repeat the command.",
            )
        await self.barrier(request.service, reads=request.reads)

    async def barrier(self, service: str, *, reads: bool) -> None:
        """Return when what a request to `service` changed, or let its client see, is on disk.

        Raises StateError when it cannot be written: the client must not be told that it was.
        """
        names: tuple[str, ...] | None = _CHANGES.get(service)
        if reads:
            if service not in LIFECYCLES or self._statuses(service) == self._seen.get(service, {}):
                return
            names = None
        else:
            self._active = True
            self._changed.set()
        if names == ():
            return
        if self._waiting is None:
            self._waiting = _Batch()
        batch = self._waiting
        batch.add(names)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._commit_batches())
        await asyncio.shield(batch.done)

    async def _commit_batches(self) -> None:
        while self._waiting is not None:
            batch, self._waiting = self._waiting, None
            try:
                await asyncio.to_thread(self.commit, batch.services)
            except Exception as error:
                batch.done.set_exception(error)
            else:
                batch.done.set_result(None)

    def _statuses(self, service: str) -> Json:
        lifecycle = LIFECYCLES[service]
        entries = lifecycle.entries().items()
        return {key: (lifecycle.status(entry), lifecycle.progress(entry)) for key, entry in entries}

    # -- writing

    def commit(self, services: set[str] | None = None) -> None:
        """Write what changed in `services` (None: in all). Raises StateError."""
        with self._lock:
            # Read before the entries: what is written is as new as what was seen, or newer.
            seen = {name: self._statuses(name) for name in LIFECYCLES} if services is None else {}
            states = {
                name: get_state
                for name, get_state in self._states().items()
                if services is None or name in services
            }
            # Last: a stack that is being made may name what is not there yet, but leaves nothing that it
            # does not name.
            if "cloudformation" in states:
                states["cloudformation"] = states.pop("cloudformation")
            touched = self.touched.take() if "dynamodb" in states else {}
            try:
                found = self._collector.collect(states, touched)
                if found.changes:
                    self._file.write(found.changes)
            except StateError:
                self.touched.give_back(touched)
                raise
            found.remember()
            self._seen |= seen

    def start(self) -> None:
        """Begin to write in the background what changes without a request."""
        threading.Thread(target=self._run, daemon=True, name="engage-saver").start()

    def close(self) -> None:
        """Write the rest and close the file."""
        self.commit()
        with self._lock:
            self._file.close()

    def _run(self) -> None:
        while True:
            # Executions and tasks change state without a request, so look again while there is traffic.
            if not self._changed.wait(_IDLE_SECONDS) and not self._active:
                continue
            self._active = self._changed.is_set()
            self._changed.clear()
            time.sleep(_QUIET_SECONDS)
            started = time.monotonic()
            try:
                self.commit()
            except StateError as error:
                logger.error("%s", error)
            time.sleep(_REST_FACTOR * (time.monotonic() - started))

    # -- restoring

    def restore(self, load: Callable[[str, Json], None], legacy: Path) -> list[str]:
        """Give every service its state back through `load(service, state)`; what was found interrupted.

        `legacy`: the directory of version 1's JSON files, which are read once and then removed.
        Raises StateError when something is damaged or newer than this program; nothing is changed then.
        """
        from ministack.core import persistence

        self._check_formats(persistence)
        old = sorted(legacy.glob("*.json"))
        states = {path.stem: _read_legacy(path, persistence) for path in old}
        for service in self._file.services():
            states[service] = self._read(service, persistence)
        for service, state in states.items():
            try:
                load(service, state)
            except Exception as error:
                raise StateError(
                    f"The local state of {service} cannot be restored: {type(error).__name__}: {error}.",
                    "Use the engage that wrote it, or start afresh with `engage local reset`.",
                ) from error
        if "dynamodb" in states and not old:
            self._collector.items_written()
        buckets = states.get("s3", {}).get("buckets_meta")
        interrupted.forget_buckets(buckets._data if buckets is not None else {})
        marked = interrupted.mark()
        self.commit()
        names = self._states()
        formats = {name: persistence._state_format_version(name) for name in names}
        self._file.tell({"formats": formats})
        for path in old:
            path.unlink()
        return marked

    def _check_formats(self, persistence: Any) -> None:
        for service, version in (self._file.about().get("formats") or {}).items():
            supported = persistence._state_format_version(service)
            if version > supported:
                raise StateError(
                    f"The local state of {service} is of format {version}; this MiniStack knows {supported}.",
                    "Install the MiniStack that wrote it, or start afresh with `engage local reset`.",
                )

    def _read(self, service: str, persistence: Any) -> Json:
        """One service's state as MiniStack's `load_persisted_state` takes it."""
        stores: dict[str, Json] = {}
        for store, key, text in self._file.records(service):
            self._collector.written(service, store, key, text)
            name, kind = store.rsplit(":", 1)
            if kind == "plain":
                stores[name] = json.loads(text, object_hook=persistence._json_object_hook)
                continue
            mark = "__account_region_scoped__" if kind == "region" else "__scoped__"
            scoped = stores.setdefault(name, {mark: True, "data": {}})
            scoped["data"][key] = json.loads(text, object_hook=persistence._json_object_hook)
        state = {
            name: persistence._json_object_hook(store) if isinstance(store, dict) else store
            for name, store in stores.items()
        }
        if service == "dynamodb":
            self._read_items(state.get("tables"), persistence)
        elif service == "cloudwatch_logs":
            self._read_events(state.get("log_groups"))
        return state

    def _read_items(self, tables: Any, persistence: Any) -> None:
        by_parent: dict[str, Json] = {}
        if tables is None:
            return
        for scope, table in tables._data.items():
            table["items"] = {}
            by_parent[key_text(scope)] = table
        for parent, key, text in self._file.children("dynamodb"):
            pk, sk = ast.literal_eval(key)
            item = json.loads(text, object_hook=persistence._json_object_hook)
            by_parent[parent]["items"].setdefault(pk, {})[sk] = item

    def _read_events(self, groups: Any) -> None:
        streams: dict[str, Json] = {}
        if groups is None:
            return
        for scope, group in groups._data.items():
            for name, stream in group["streams"].items():
                stream["events"] = []
                streams[key_text(scope) + SEPARATOR + name] = stream
        for parent, _, text in self._file.children("cloudwatch_logs"):
            streams[parent]["events"] += json.loads(text)


class _Batch:
    """The requests that wait for one transaction, and the services that it must cover (None: all)."""

    def __init__(self) -> None:
        self.services: set[str] | None = set()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def add(self, names: tuple[str, ...] | None) -> None:
        if names is None or self.services is None:
            self.services = None
        else:
            self.services |= set(names)


def _read_legacy(path: Path, persistence: Any) -> Json:
    try:
        wrapped = json.loads(path.read_text(encoding="utf-8"), object_hook=persistence._json_object_hook)
    except (OSError, ValueError) as error:
        raise StateError(
            f"The local state {path} is damaged: {error}.", "Start afresh with `engage local reset`."
        ) from error
    payload: Json = wrapped.get("payload", wrapped)
    return payload
