"""Reading usage files, and how a bill is shown."""

import io
import json
from collections.abc import Iterator
from decimal import Decimal

import cost_support
import pytest
from rich.console import Console

from engage_cli.cost import model, pricebook, reader, render, usage
from engage_cli.errors import UserError

BOOK = pricebook.load()


class Objects:
    """An object store in memory: only what a reader may do."""

    def __init__(self, objects: dict[str, str]) -> None:
        self._objects = objects

    def get(self, key: str) -> bytes | None:
        text = self._objects.get(key)
        return None if text is None else text.encode()

    def keys(self, prefix: str = "") -> Iterator[str]:
        return iter(sorted(key for key in self._objects if key.startswith(prefix)))


def store(*run_ids: str) -> Objects:
    """Runs that finished one after the other, whatever their ids."""
    days = ((r, f"2026-11-{day:02d}T06:00:00+00:00") for day, r in enumerate(run_ids, start=1))
    return Objects({f"usage/run={r}.json": cost_support.document_text(run_id=r, finished=t) for r, t in days})


def report() -> model.CostReport:
    return model.cost_report(usage.parse(cost_support.document_text()), BOOK)


def shown(width: int = 160) -> str:
    out = io.StringIO()
    render.render(Console(file=out, width=width), report())
    return out.getvalue()


def test_the_last_run_is_read_unless_another_is_named() -> None:
    objects = store("run-fffe1d2c", "run-20261123t060000-bbbb")
    assert reader.read_usage(objects).run_id == "run-20261123t060000-bbbb"
    assert reader.read_usage(objects, "run-fffe1d2c").run_id == "run-fffe1d2c"


def test_without_a_metered_run_the_reader_says_what_to_do() -> None:
    with pytest.raises(UserError, match="No run has been metered") as error:
        reader.read_usage(store())
    assert error.value.hint
    assert "run-pipeline" in error.value.hint


def test_a_run_without_a_usage_file_is_named() -> None:
    with pytest.raises(UserError, match="'run-x' has no usage file"):
        reader.read_usage(store("run-20261123T060000-bbbb"), "run-x")


def test_the_table_names_every_line_its_source_and_what_is_unknown() -> None:
    text = shown()
    for expected in (
        "Linux ARM64 vCPU",
        "SQL data scanned",
        "GET and others",
        "unknown",
        "at least",
        "Total",
    ):
        assert expected in text, expected
    assert "Per 1,000 predictions: at least $" in text
    assert "Less always-free" in text


def test_merged_lines_add_up_to_the_same_bill() -> None:
    lines = [line for line in report().lines if line.per == "run"]
    merged = render.merged(lines)
    assert len(merged) < len(lines)
    assert sum(line.usd or 0 for line in merged) == sum(line.usd or 0 for line in lines)
    assert {line.item for line in merged if line.usd is None} == {x.item for x in lines if x.usd is None}


def test_without_details_an_item_is_one_row() -> None:
    out = io.StringIO()
    render.render(Console(file=out, width=160), report(), details=False)
    assert "from test" not in out.getvalue()
    assert len(out.getvalue().splitlines()) < 60


def test_an_unknown_is_never_shown_as_zero() -> None:
    line = next(line for line in shown().splitlines() if "GET and others" in line)
    assert "unknown" in line
    assert "$0.00 " not in line


def test_the_bill_names_its_assumptions_and_unconfirmed_prices() -> None:
    found = "\n".join(render.notes(report()))
    assert "2 DPUs" in found
    assert "The meter cannot see its own end" in found


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (None, "unknown"),
        ("0", "$0.00"),
        ("1234.5", "$1,234.50"),
        ("0.18291", "$0.1829"),
        ("0.0000002", "$2e-7"),
        ("0.0000000000001", "< $0.000000001"),
    ],
)
def test_small_amounts_are_not_rounded_to_nothing(usd: str | None, text: str) -> None:
    assert render.dollars(None if usd is None else Decimal(usd)) == text


def test_the_json_has_every_amount_as_an_exact_decimal_text() -> None:
    document = json.loads(json.dumps(render.to_json(report())))
    amounts = [Decimal(line["usd"]) for line in document["lines"] if line["usd"] and line["per"] == "run"]
    assert sum(amounts) == Decimal(document["run_total"]["usd"])
    assert document["run_total"]["at_least"] is True
    assert document["month"]["list_price"]["usd"] > document["month"]["after_always_free"]["usd"]
    assert {line["usd"] for line in document["lines"] if line["item"] == "GET and others"} == {None}


def test_services_are_listed_with_the_dearest_first() -> None:
    totals = [total.usd for _, total in render.by_service(report().lines)]
    assert totals == sorted(totals, reverse=True)
