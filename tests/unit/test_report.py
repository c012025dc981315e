"""The HTML report: self-contained, well formed, readable by everybody, and without a person in it."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cost_support
import pytest
import report_support

from engage_cli.errors import CloudError, UserError
from engage_cli.report import ReportInputs, aggregates, build_report, queries, svg, words
from engage_cli.report.collect import write_report

VOID = {"meta", "link", "br", "img", "rect", "line", "circle", "path", "input", "hr"}


@pytest.fixture(scope="module")
def table() -> dict[str, list[Any]]:
    return report_support.predictions_table()


@pytest.fixture(scope="module")
def found(table: dict[str, list[Any]]) -> aggregates.Aggregates:
    return aggregates.from_rows(**report_support.answers(table))


@pytest.fixture(scope="module")
def inputs(found: aggregates.Aggregates) -> ReportInputs:
    return report_support.inputs(found)


@pytest.fixture(scope="module")
def page(inputs: ReportInputs) -> str:
    return build_report(inputs)


class Checker(HTMLParser):
    """Collects tags and attributes and checks that every element is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID or (tag in ("rect", "path", "line", "circle") and not self._closes_itself()):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def _closes_itself(self) -> bool:
        return str(self.get_starttag_text()).endswith("/>")


def checked(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    return checker


def test_the_page_is_well_formed(page: str) -> None:
    elements = [tag for tag, _ in checked(page).elements]
    assert elements.count("h1") == 1
    assert page.startswith("<!doctype html>")


def test_the_page_loads_nothing_and_runs_nothing(page: str) -> None:
    for tag, attributes in checked(page).elements:
        assert tag not in ("script", "link", "iframe", "img", "object", "embed"), tag
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert not re.match(r"(https?:)?//", value or ""), (tag, name, value)
            assert name not in ("src", "srcset"), (tag, name)
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_every_plot_has_a_name_and_its_numbers_as_a_table(page: str) -> None:
    checker = checked(page)
    drawings = [attributes for tag, attributes in checker.elements if tag == "svg"]
    assert len(drawings) >= 12
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes in drawings)
    assert page.count("<summary>Numbers</summary>") == len(drawings)


def test_the_first_screen_has_the_five_numbers_of_a_manager(page: str, inputs: ReportInputs) -> None:
    first = page[page.index("<body>") : page.index('id="risk"')]
    everybody = inputs.predictions.everybody
    for expected in (
        words.count(everybody.customers),
        words.count(everybody.high_risk),
        words.money(everybody.value_at_stake),
        "Model quality",
        "Cost on AWS",
        "≥ $0.1",
    ):
        assert expected in first, expected


def test_no_customer_is_on_the_page(page: str, table: dict[str, list[Any]]) -> None:
    assert "customer_id" not in page
    assert not any(customer in page for customer in table["customer_id"])


def test_names_from_customer_files_cannot_become_markup(inputs: ReportInputs) -> None:
    table = report_support.predictions_table()
    table["country"] = ["<script>alert(1)</script>"] * len(table["country"])
    evil = aggregates.from_rows(**report_support.answers(table))
    page = build_report(replace(inputs, predictions=evil))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    checked(page)


def test_light_and_dark_and_a_narrow_screen_are_provided_for(page: str) -> None:
    assert "prefers-color-scheme: dark" in page
    assert "width=device-width" in page
    assert "max-width: 640px" in page


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_have_the_contrast_that_wcag_asks_for(page: str, theme: str) -> None:
    """WCAG 2 relative luminance and contrast, 4.5 for text and 3 for graphics, against both backgrounds."""
    blocks = re.findall(r":root \{(.*?)\}", page, re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", blocks[0 if theme == "light" else 1]))

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(one: str, other: str) -> float:
        high, low = sorted((luminance(one), luminance(other)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for ground in ("bg", "card"):
        for name, least in {"ink": 4.5, "muted": 4.5, "accent": 4.5}.items():
            assert contrast(colours[name], colours[ground]) >= least, (name, ground)
    for name in ("high", "medium", "low", "second", "neutral"):
        assert contrast(colours[name], colours["card"]) >= 3, name


def test_a_run_without_evaluation_or_bill_says_so_instead_of_guessing(inputs: ReportInputs) -> None:
    page = build_report(replace(inputs, evaluation=None, cost=None, usage=None))
    text = " ".join(checked(page).text)
    assert "This run has no evaluation" in text
    assert "not metered, so its cost is not known" in text
    assert "$0.00" not in text


def test_when_the_champion_stays_the_page_grades_the_champion(inputs: ReportInputs) -> None:
    page = build_report(replace(inputs, evaluation=report_support.evaluation(promote=False)))
    assert "m-20261116T060000-ff00" in page
    assert "new model (not promoted)" in page


def test_the_first_evaluation_without_a_champion_can_be_shown(inputs: ReportInputs) -> None:
    page = build_report(replace(inputs, evaluation=report_support.evaluation(champion=False)))
    assert "champion so far" not in page


def test_the_same_inputs_give_the_same_page(inputs: ReportInputs, page: str) -> None:
    assert build_report(inputs) == page


# --- aggregates and queries


def test_groups_add_up_to_everybody(found: aggregates.Aggregates, table: dict[str, list[Any]]) -> None:
    assert found.everybody.customers == len(table["customer_id"])
    assert found.everybody.high_risk == table["risk_band"].count("high")
    assert set(found.by) == {"country", "plan", "acquisition_channel", "device"}
    for groups in found.by.values():
        assert sum(group.customers for group in groups) == found.everybody.customers
        assert sum(group.value_at_stake for group in groups) == pytest.approx(found.everybody.value_at_stake)
    assert sum(found.histogram) == found.everybody.customers
    assert len(found.histogram) == queries.HISTOGRAM_BINS


def test_groups_that_are_too_small_are_left_out() -> None:
    table = report_support.predictions_table(500)
    table["country"] = ["US"] * 481 + ["LI"] * 19
    found = aggregates.from_rows(**report_support.answers(table))
    assert [group.name for group in found.by["country"]] == ["US"]
    assert found.everybody.customers == 500


@pytest.mark.parametrize("dimensions", [(), ("order",), ("order", "country")])
def test_groups_follow_the_columns_that_the_run_published(dimensions: tuple[str, ...]) -> None:
    table = report_support.predictions_table(400)
    for name in ("plan", "acquisition_channel", "device"):
        del table[name]
    table["order"] = ["a"] * 300 + ["b"] * 100
    found = aggregates.from_rows(**report_support.answers(table, dimensions))
    assert found.everybody.customers == 400
    assert set(found.by) == set(dimensions)
    assert {g.name: g.customers for g in found.by.get("order", [])} == (
        {"a": 300, "b": 100} if dimensions else {}
    )
    assert bool(found.segments) == (len(dimensions) == 2)
    assert found.segmented_by == (dimensions if len(dimensions) == 2 else ())


def test_only_names_of_columns_reach_a_statement() -> None:
    with pytest.raises(UserError, match="not the name of a column"):
        queries.groups("2026-11-23", "run-x", ['country" FROM x --'])


def test_a_missing_country_is_a_group_of_its_own() -> None:
    table = report_support.predictions_table(400)
    table["country"] = ["US"] * 200 + [None] * 200
    found = aggregates.from_rows(**report_support.answers(table))
    assert {group.name for group in found.by["country"]} == {"US", "(none)"}


def test_texts_as_athena_returns_them_are_understood() -> None:
    row = {"grouped_by": "", "customers": "10", "high_risk": "3", "medium_risk": "2", "high_risk_active": "1"}
    row |= dict.fromkeys(("mean_churn", "mean_engagement"), "0.5")
    row |= {"expected_value": "1E3", "value_at_stake": "10.5"}
    found = aggregates.from_rows([row], [{"bin": "19", "customers": "10"}], [])
    assert found.everybody.expected_value == 1000
    assert found.histogram[19] == 10


def test_without_predictions_the_next_step_is_named() -> None:
    with pytest.raises(CloudError, match="no predictions") as error:
        aggregates.from_rows([], [], [])
    assert error.value.hint


@pytest.mark.parametrize("as_of", ["2026-13-01", "x' OR '1'='1", ""])
def test_a_query_takes_dates_only(as_of: str) -> None:
    with pytest.raises(UserError):
        queries.groups(as_of, "run-x", ["country"])


@pytest.mark.parametrize("run_id", ["x' OR '1'='1", "", "run x"])
def test_a_query_takes_ids_of_runs_only(run_id: str) -> None:
    with pytest.raises(UserError):
        queries.histogram("2026-11-23", run_id)


def test_predictions_that_a_later_run_replaced_are_not_shown_as_this_runs() -> None:
    table = report_support.predictions_table(100)
    table["run_id"] = ["run-later"] * 100
    with pytest.raises(CloudError, match="a later run replaced them"):
        aggregates.from_rows(**report_support.answers(table))


# --- collecting


class Lake:
    """The lake bucket in memory: only what a reader may do."""

    def __init__(self, objects: dict[str, str]) -> None:
        self._objects = objects

    def get(self, key: str) -> bytes | None:
        return self._objects[key].encode() if key in self._objects else None


class Queries:
    """Runs the report's statements on DuckDB."""

    def __init__(self, table: dict[str, list[Any]]) -> None:
        self._answers = report_support.answers(table)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        name = "groups" if "GROUPING SETS" in sql else "histogram" if "AS bin" in sql else "reasons"
        return self._answers[name]


def test_a_report_is_written_from_the_lake_and_the_predictions(
    tmp_path: Path, table: dict[str, list[Any]]
) -> None:
    run_id = cost_support.RUN_ID
    lake = Lake(
        {
            f"usage/run={run_id}.json": cost_support.document_text(),
            f"runs/{run_id}/evaluation.json": json.dumps(report_support.evaluation()),
        }
    )
    path = write_report(lake, Queries(table), run_id, tmp_path / "deep" / "report.html", environment="dev")
    page = path.read_text(encoding="utf-8")
    assert "At high risk" in page
    assert "environment dev" in page.lower()
    checked(page)


def test_a_run_that_left_nothing_behind_has_no_report(tmp_path: Path, table: dict[str, list[Any]]) -> None:
    with pytest.raises(UserError, match="'run-x'"):
        write_report(Lake({}), Queries(table), "run-x", tmp_path / "report.html")


# --- words and drawings


@pytest.mark.parametrize(
    ("auc", "word"),
    [(None, "not measurable"), (0.5, "hardly better than chance"), (0.75, "fair"), (0.93, "very good")],
)
def test_quality_is_put_in_words(auc: float | None, word: str) -> None:
    assert words.ranking_grade(auc) == word


def test_the_verdict_compares_with_the_best_simple_rule() -> None:
    entry = report_support.evaluation()["targets"]["churn"]
    _, sentences = words.churn_verdict(entry, "challenger")
    assert any("better than the recency-frequency rule" in sentence for sentence in sentences)
    _, sentences = words.churn_verdict(
        {**entry, "challenger": entry["baselines"]["carried_forward"]}, "challenger"
    )
    assert any("no better than" in sentence for sentence in sentences)


@pytest.mark.parametrize(
    ("usd", "text"),
    [(0.18, "$0.18"), (83158, "$83,158"), (123456, "$123k"), (1.23e7, "$12.3M"), (4.2e9, "$4.2B")],
)
def test_money_is_short(usd: float, text: str) -> None:
    assert words.money(usd) == text


@pytest.mark.parametrize(("value", "top"), [(0, 1), (0.97, 1), (1, 1), (1180, 2000), (3.1, 4), (501, 800)])
def test_an_axis_ends_at_a_round_number(value: float, top: float) -> None:
    assert svg.nice_ceiling(value) == pytest.approx(top)


def test_empty_plots_can_be_drawn() -> None:
    assert svg.bars([], title="none").startswith("<svg")
    assert svg.columns([], title="none", x_label="x", y_label="y", x_ticks=[]).startswith("<svg")


def test_points_outside_the_axes_stay_inside_the_drawing() -> None:
    drawing = svg.lines([svg.Series("s", [(-1, 5), (9, -2)], "c")], title="t", x_label="x", y_label="y")
    path = re.search(r' d="([^"]+)"', drawing)
    assert path
    for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path[1]):
        assert 0 <= float(x) <= svg.WIDTH
        assert 0 <= float(y) <= 280
