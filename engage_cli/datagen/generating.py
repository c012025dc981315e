"""Puts generated files into the raw and truth buckets: a new data set, or more weeks of the one there."""

import json
from collections.abc import Callable
from datetime import date
from typing import Protocol

from engage_ml.data_contract import KEY as CONTRACT_KEY

from engage_cli.aws.objects import ParallelSink
from engage_cli.datagen.ceiling.files import PREFIX as CEILING_PREFIX
from engage_cli.datagen.chunk import Base
from engage_cli.datagen.generate import generate
from engage_cli.datagen.load import (
    LOADING_KEY,
    SYNTHETIC_KEY,
    RawStore,
    RecordingSink,
    existing_keys,
    load_raw,
    refuse_to_overwrite,
)
from engage_cli.datagen.shapes import TRUTH_PREFIX
from engage_cli.datagen.sinks import Sink
from engage_cli.datagen.spec import Advance, GenerationReport, GenerationSpec, Progress
from engage_cli.datagen.world import WORLD_KEY, World, load_world
from engage_cli.errors import UserError

_ANEW = "Generate anew: engage generate-data --replace"


class Store(RawStore, Protocol):
    """A bucket that can be read as well."""

    def get(self, key: str) -> bytes | None:
        """Return the object's bytes, or None when there is no such object."""
        ...


def generate_into(
    raw: Store, truth: Store, spec: GenerationSpec, *, replace: bool, progress: Progress | None = None
) -> GenerationReport:
    """Generate a data set; what was there goes if `replace`, also the truth of an earlier one.

    Raises UserError when there is data and it is not to be replaced.
    """
    refuse_to_overwrite(raw, replace)
    stale = [key for prefix in (TRUTH_PREFIX, CEILING_PREFIX) for key in truth.keys(f"{prefix}/")]

    def write(sink: Sink, truth_sink: RecordingSink) -> GenerationReport:
        report = generate(spec, sink, truth_sink, progress=progress)
        truth.delete([key for key in stale if key not in truth_sink.keys])
        return report

    return _load(raw, truth, write, lambda report: World(spec, (report.fingerprints,)))


def advance_into(
    raw: Store, truth: Store, advance: Advance, *, progress: Progress | None = None
) -> GenerationReport:
    """Add weeks to the data set there. After an interruption, the same call again completes it.

    Raises UserError when the data there cannot be continued.
    """
    world = _world_to_continue(raw, truth)
    spec, base = world.advanced(advance), Base(world.spec.until, world.fingerprints[-1])

    def write(sink: Sink, truth_sink: RecordingSink) -> GenerationReport:
        return generate(spec, sink, truth_sink, base=base, progress=progress)

    return _load(
        raw,
        truth,
        write,
        lambda report: World(spec, (*world.fingerprints, report.fingerprints)),
        # Weeks and customers of an interrupted advance that was another one.
        replaces=lambda key, _: _added_after(key, base.until, len(world.spec.chunks)),
        note={"advance_from": base.until.isoformat()},
    )


def _load(
    raw: Store,
    truth: Store,
    write: Callable[[Sink, RecordingSink], GenerationReport],
    world_after: Callable[[GenerationReport], World],
    *,
    replaces: Callable[[str, set[str]], bool] = lambda _key, _new: True,
    note: dict[str, str] | None = None,
) -> GenerationReport:
    """Write both buckets. All files are there before the world says so, and that before the marker goes."""
    with ParallelSink(raw) as raw_sink, ParallelSink(truth) as truth_files:

        def write_both(recorder: Sink) -> GenerationReport:
            report = write(recorder, RecordingSink(truth_files))
            raw_sink.flush()
            truth_files.flush()
            truth.put(WORLD_KEY, world_after(report).dump())
            raw.put(SYNTHETIC_KEY, b"{}")
            return report

        return load_raw(raw, raw_sink, write_both, replaces=replaces, note=note)


def _world_to_continue(raw: Store, truth: Store) -> World:
    """Return the data set to add weeks to; after an interrupted advance, as it was before that."""
    if not existing_keys(raw):
        raise UserError("There is no data yet to add weeks to.", hint="Run: engage generate-data")
    if raw.get(SYNTHETIC_KEY) is None:
        contract = "" if raw.get(CONTRACT_KEY) is None else " --contract <contract.toml>"
        raise UserError(
            "The raw bucket holds data of your own, and weeks can only be added to generated data.",
            hint=f"Bring your next weeks with: engage import-data{contract} --activity <files>",
        )
    world = load_world(truth.get(WORLD_KEY))
    if world is None:
        raise UserError(
            f"The truth bucket has no {WORLD_KEY} (expired, removed, or of another version of this program), "
            "so the data cannot be continued.",
            hint=_ANEW,
        )
    marker = raw.get(LOADING_KEY)
    if marker is None:
        return world
    begun_from = json.loads(marker).get("advance_from")
    if begun_from is None:
        raise UserError(
            "A load of raw data is going on or was interrupted.", hint=f"Wait for it, or: {_ANEW}"
        )
    return world.as_of(date.fromisoformat(begun_from))


def _added_after(key: str, until: date, parts: int) -> bool:
    """Whether a raw file is of a week from `until` on, or of customers beyond the first parts."""
    table, *folders, name = key.split("/")
    if table == "activity":
        return folders[0].removeprefix("week=") >= until.isoformat()
    return int(name.removeprefix("part-").split(".")[0]) >= parts
