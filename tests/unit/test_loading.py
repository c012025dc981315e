"""Loading raw data: nothing is lost, nothing is mixed."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from engage_cli.datagen.importing import _Replaces, import_into
from engage_cli.datagen.load import (
    LOADING_KEY,
    SYNTHETIC_KEY,
    load_raw,
    refuse_to_overwrite,
    refuse_to_replace_own_data,
)
from engage_cli.datagen.sinks import Sink
from engage_cli.errors import UserError
from tests.unit.contract_support import MemoryStore


class FakeRaw:
    """A bucket in memory."""

    def __init__(self, *keys: str) -> None:
        self.objects = dict.fromkeys(keys, b"old")

    def keys(self, prefix: str = "") -> Iterator[str]:
        yield from [k for k in sorted(self.objects) if k.startswith(prefix)]

    def put(self, key: str, data: bytes) -> None:
        self.objects[key] = data

    def delete(self, keys: Iterable[str]) -> int:
        removed = [self.objects.pop(key, None) for key in list(keys)]
        return len(removed)


def test_new_files_replace_the_old_ones_and_the_marker_goes() -> None:
    raw = FakeRaw("customers/part-1.csv", "activity/week=2026-01-05/part-1.csv", "other/kept")
    load_raw(raw, raw, lambda sink: sink.put("customers/part-0.parquet", b"new"))
    assert raw.objects == {"customers/part-0.parquet": b"new", "other/kept": b"old"}


def test_an_interrupted_load_leaves_the_marker_and_the_old_data() -> None:
    raw = FakeRaw("customers/part-1.csv")

    def write(sink: Sink) -> None:
        sink.put("customers/part-0.parquet", b"new")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        load_raw(raw, raw, write)
    assert LOADING_KEY in raw.objects
    assert raw.objects["customers/part-1.csv"] == b"old"


def test_a_refused_import_leaves_no_marker() -> None:
    raw = FakeRaw("customers/part-1.csv")

    def refuse(_: Sink) -> None:
        raise UserError("The file is empty.")

    with pytest.raises(UserError):
        load_raw(raw, raw, refuse)
    assert raw.objects == {"customers/part-1.csv": b"old"}


def test_data_is_not_overwritten_unless_asked() -> None:
    with pytest.raises(UserError, match="raw data already"):
        refuse_to_overwrite(FakeRaw("customers/x"), replace=False)
    refuse_to_overwrite(FakeRaw("customers/x"), replace=True)
    refuse_to_overwrite(FakeRaw(), replace=False)


@pytest.mark.parametrize(
    ("everything", "old", "goes"),
    [
        (False, "activity/week=2026-01-05/part-9.parquet", True),
        (False, "activity/week=2025-12-29/part-9.parquet", False),
        (True, "activity/week=2025-12-29/part-9.parquet", True),
        (True, "customers/part-9.parquet", False),
    ],
)
def test_an_import_replaces_the_weeks_it_brings_and_others_only_when_asked(
    everything: bool, old: str, goes: bool
) -> None:
    assert _Replaces(everything)(old, {"activity/week=2026-01-05/part-0.parquet"}) is goes


def test_a_demo_replaces_generated_data_but_never_ones_own() -> None:
    refuse_to_replace_own_data(FakeRaw())
    refuse_to_replace_own_data(FakeRaw("customers/x", SYNTHETIC_KEY))
    with pytest.raises(UserError, match="data of your own"):
        refuse_to_replace_own_data(FakeRaw("customers/x"))


class LosesPower(MemoryStore):
    """A bucket whose power fails after it has deleted a key."""

    def __init__(self, last: str) -> None:
        super().__init__()
        self.last = last

    def delete(self, keys: Iterable[str]) -> int:
        gone = list(keys)
        count = super().delete(gone)
        if self.last in gone:
            raise OSError("power cut")
        return count


@pytest.mark.parametrize("last", ["customers/old.parquet", LOADING_KEY])
def test_an_interrupted_import_never_leaves_ones_own_data_marked_as_generated(
    tmp_path: Path, last: str
) -> None:
    raw = LosesPower(last)
    raw.objects = {SYNTHETIC_KEY: b"{}", "customers/old.parquet": b"old"}
    file = tmp_path / "customers.csv"
    file.write_text("customer_id,signup_date\nA,2026-01-01\n")
    with pytest.raises(OSError, match="power cut"):
        import_into(
            raw, file, [], rejects=tmp_path / "r.csv", max_bad_fraction=0, replace=True
        )  # type: ignore[arg-type]  # fmt: skip
    assert SYNTHETIC_KEY not in raw.objects
    with pytest.raises(UserError, match="data of your own"):
        refuse_to_replace_own_data(raw)


def test_a_refused_import_leaves_generated_data_marked(tmp_path: Path) -> None:
    raw = MemoryStore()
    raw.objects = {SYNTHETIC_KEY: b"{}", "customers/old.parquet": b"old"}
    file = tmp_path / "customers.csv"
    file.write_text("customer_id,signup_date\nA,never\n")
    with pytest.raises(UserError):
        import_into(
            raw, file, [], rejects=tmp_path / "r.csv", max_bad_fraction=0, replace=True
        )  # type: ignore[arg-type]  # fmt: skip
    assert set(raw.objects) == {SYNTHETIC_KEY, "customers/old.parquet"}


def test_an_import_that_would_orphan_customers_is_refused(tmp_path: Path) -> None:
    raw = MemoryStore()
    file = tmp_path / "customers.csv"

    def load(*rows: str, replace: bool = False) -> None:
        file.write_text("\n".join(("customer_id,signup_date", *rows)))
        import_into(
            raw, file, [], rejects=tmp_path / "r.csv", max_bad_fraction=0.5, replace=replace
        )  # type: ignore[arg-type]  # fmt: skip

    load("A,2026-01-01", "B,2026-01-01")
    with pytest.raises(UserError, match=r"1 of the 2 customers .* not in .*customers\.csv"):
        load("A,2026-01-01")
    # A customer whose row is bad is in the file: that row is set aside, and said.
    load("A,2026-01-01", "B,never", "C,2026-01-02")
    load("C,2026-01-02", replace=True)
    assert [row["customer_id"] for row in raw.table("customers/")] == ["C"]
