"""The HTML report: self-contained, well formed, readable by everybody, true to its run."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
import report_support
from engage_ml.data_contract import DEFAULT

from engage_cli.report import ReportInputs, build_report, words
from engage_cli.report.aggregates import Segment
from engage_cli.report.summary import actions, to_document

VOID = {"meta", "link", "br", "img", "rect", "line", "circle", "path", "input", "hr"}


@pytest.fixture(scope="module")
def table() -> dict[str, list[Any]]:
    return report_support.predictions_table()


@pytest.fixture(scope="module")
def inputs(table: dict[str, list[Any]]) -> ReportInputs:
    return report_support.inputs(table)


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


def text_of(page: str) -> str:
    """The words of (a part of) the page, without its style."""
    checker = Checker()
    checker.feed(page[page.index("<body>") :].removesuffix("</html>"))
    return " ".join(" ".join(checker.text).split())


def part(page: str, section: str) -> str:
    """The words of one section."""
    begin = page.index(f'<h2 id="{section}"')
    end = page.find('<h2 id="', begin + 1)
    return text_of("<body>" + page[begin : end if end > 0 else page.index("</main>")])


# --- the page as a document


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
            assert name not in ("src", "srcset", "style"), (tag, name)
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_the_page_is_small(page: str) -> None:
    assert len(page.encode()) < 1_000_000


def test_every_plot_has_a_name_and_its_numbers_as_a_table(page: str) -> None:
    checker = checked(page)
    drawings = [attributes for tag, attributes in checker.elements if tag == "svg"]
    assert len(drawings) >= 25
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes in drawings)
    assert page.count("<summary>Numbers<") == len(drawings)


def test_every_table_has_headers_and_can_be_reached_with_the_keyboard(page: str) -> None:
    checker = checked(page)
    tables = sum(tag == "table" for tag, _ in checker.elements)
    regions = [a for tag, a in checker.elements if tag == "div" and a.get("class") == "scroll"]
    assert tables == len(regions)
    assert all(a["tabindex"] == "0" and a["aria-label"] for a in regions)
    assert all(a.get("scope") in ("col", "row") for tag, a in checker.elements if tag == "th")


def test_every_id_is_there_once_and_every_link_leads_to_one(page: str) -> None:
    elements = checked(page).elements
    ids = [a["id"] for _, a in elements if "id" in a]
    assert len(ids) == len(set(ids))
    links = [str(a["href"]) for tag, a in elements if tag == "a"]
    assert len(links) >= 10
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_no_drawing_holds_a_number_that_is_none_or_infinite(page: str) -> None:
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        assert not re.search(r'="[^"]*(nan|inf)\b', drawing), drawing[:200]


def test_light_dark_a_narrow_screen_and_paper_are_provided_for(page: str) -> None:
    assert "prefers-color-scheme: dark" in page
    assert "width=device-width" in page
    assert "max-width: 640px" in page
    assert "@media print" in page


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
    for name in ("high", "medium", "low", "second", "neutral", "s0", "s1", "s2", "s3", "s4"):
        assert contrast(colours[name], colours["card"]) >= 3, name


def test_no_customer_is_on_the_page(page: str, table: dict[str, list[Any]]) -> None:
    assert "customer_id" not in page
    assert not any(customer in page for customer in table["customer_id"])


def test_names_from_customer_files_cannot_become_markup(inputs: ReportInputs) -> None:
    table = report_support.predictions_table()
    table["country"] = ["<script>alert(1)</script>"] * len(table["country"])
    page = build_report(replace(inputs, predictions=report_support.aggregated(table)))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    checked(page)


def test_the_same_inputs_give_the_same_page(inputs: ReportInputs, page: str) -> None:
    assert build_report(inputs) == page


# --- the first screen


def first_screen(page: str) -> str:
    return text_of(page[: page.index("<nav")])


def test_the_first_screen_has_the_numbers_of_a_manager(page: str, inputs: ReportInputs) -> None:
    first, everybody = first_screen(page), inputs.predictions.everybody
    for expected in (
        "23 November 2026",
        words.count(everybody.customers),
        words.amount(everybody.expected_value, "USD"),
        f"At risk {words.count(everybody.at_risk)}",
        f"{words.amount(everybody.value_at_risk, 'USD')} of the value expected is theirs",
        "Three things to do",
        "Can you rely on it? With care",
        "≥ $0.1",
        "for a month of weekly runs",
    ):
        assert expected in first, expected


def test_the_first_screen_has_no_jargon(page: str) -> None:
    first = first_screen(page).lower()
    for word in ("auc", "lift", "psi", "gini", "calibrat", "challenger", "shap", "decile", "quantile"):
        assert word not in first, word


def test_the_three_things_to_do_are_the_segments_with_most_at_stake_for_each_customer(
    inputs: ReportInputs, page: str
) -> None:
    assert inputs.segments
    least = sum(s.value_at_stake for s in inputs.segments) / 20
    worth = [s for s in inputs.segments if s.customers and s.value_at_stake >= least]
    ranked = sorted(worth, key=lambda s: -s.value_at_stake / s.customers)
    first = first_screen(page)
    places = [first.index(s.action) for s in ranked[:3]]
    assert places == sorted(places)
    assert all(s.action not in first for s in inputs.segments if s not in ranked[:3])
    top = ranked[0]
    assert (
        f"{words.count(top.customers)} customers, {words.amount(top.value_at_stake, 'USD')} at stake" in first
    )


def test_a_segment_with_hardly_anything_at_stake_is_nothing_to_do() -> None:
    def segment(name: str, customers: int, stake: float) -> Segment:
        return Segment(name, customers, 0.1, 0.5, 1.0, stake, name)

    found = actions([segment("one", 1, 9.0), segment("many", 100, 150.0), segment("few", 10, 50.0)])
    assert [s.name for s in found] == ["few", "many"]


def test_at_risk_means_the_same_as_in_a_question(inputs: ReportInputs, table: dict[str, list[Any]]) -> None:
    """`engage ask` counts and sums over the risk band high."""
    high = [i for i, band in enumerate(table["risk_band"]) if band == "high"]
    everybody = inputs.predictions.everybody
    assert everybody.at_risk == len(high)
    assert everybody.value_at_risk == pytest.approx(sum(table["expected_value"][i] for i in high))


def test_another_contract_brings_its_own_currency_horizons_and_attributes(inputs: ReportInputs) -> None:
    table = report_support.predictions_table(contract=report_support.SHOP)
    found = report_support.aggregated(table, report_support.SHOP)
    page = build_report(replace(report_support.bare(inputs), contract=report_support.SHOP, predictions=found))
    text = text_of(page)
    assert "Expected in 24 weeks £" in text
    assert "not being active at all in the next 12 weeks" in text
    assert "At risk by group" in text
    assert "wholesale" in text
    for foreign in ("$", "USD", "plan", "spend", "4 weeks from"):
        assert foreign not in text, foreign


def test_where_only_weeks_are_known_engagement_is_a_share_of_weeks(inputs: ReportInputs) -> None:
    page = build_report(replace(inputs, contract=replace(DEFAULT, days_known=False)))
    assert "predicted, share of weeks" in page
    assert "share of days" not in page


# --- what a run does not have


def test_a_run_with_nothing_but_predictions_says_what_is_missing(inputs: ReportInputs) -> None:
    text = text_of(build_report(report_support.bare(inputs)))
    for said in (
        "This run has no segments, so there is nothing to suggest.",
        "Can you rely on it? Not known This run has no evaluation, so nothing is known of its models.",
        "This run has no evaluation, so nothing can be said about its models.",
        "This run was not monitored, or by another version, so drift is not known.",
        "Fairness was not audited in this run.",
        "What was set aside is not known",
        "This run was not metered, so its times and its cost are not known.",
    ):
        assert said in text, said
    assert "$0.00" not in text


@pytest.mark.parametrize(
    ("lacking", "section", "said"),
    [
        ("shap", "model", "There are no SHAP values"),
        ("residuals", "amounts", "Value: this evaluation has no residuals."),
        ("fairness", "fairness", "Fairness was not audited in this run."),
    ],
)
def test_a_part_that_an_evaluation_lacks_is_named(
    inputs: ReportInputs, page: str, lacking: str, section: str, said: str
) -> None:
    evaluation = report_support.evaluation()
    del evaluation[lacking]
    assert said in part(build_report(replace(inputs, evaluation=evaluation)), section)
    assert said not in part(page, section)


def test_real_data_have_no_ceiling_and_the_page_says_why(inputs: ReportInputs, page: str) -> None:
    evaluation = report_support.evaluation()
    for entry in evaluation["targets"].values():
        entry["ceiling"] = None
    text = part(build_report(replace(inputs, evaluation=evaluation)), "scores")
    assert "No ceiling: the best possible prediction is known of synthetic data only" in text
    assert "Share of the best possible" not in text
    assert "Share of the best possible" in part(page, "scores")


def test_an_evaluation_of_before_intervals_can_still_be_read(inputs: ReportInputs) -> None:
    """Schema version 1 has neither intervals nor ceilings, comparisons, SHAP values or fairness."""
    evaluation = report_support.evaluation()
    for key in ("shap", "residuals", "fairness"):
        del evaluation[key]
    for entry in evaluation["targets"].values():
        for key in ("ceiling", "versus", "intervals", "baselines_missing"):
            del entry[key]
        for found in (entry["challenger"], entry["champion"], *entry["baselines"].values()):
            for measures in found.values():
                del measures["ci"]
    text = text_of(build_report(replace(inputs, evaluation=evaluation)))
    assert "ROC AUC" in text
    assert "The models make no intervals." in text


def test_a_population_of_a_single_customer_is_shown_with_dashes(inputs: ReportInputs) -> None:
    evaluation = report_support.evaluation()
    for entry in evaluation["targets"].values():
        models = [entry["challenger"], entry["champion"], *entry["baselines"].values()]
        for found in [*models, entry["ceiling"]["model"], entry["ceiling"]["ceiling"]]:
            found["recent"] = {"rows": 1, "ci": {}}
        entry["ceiling"]["ratio"]["recent"] = {}
        entry["versus"] = {name: {"all": {}, "recent": {}} for name in entry["versus"]}
        entry["curves_recent"] = {}
        if entry["intervals"]:
            entry["intervals"]["recent"] = {"rows": 0}
    found = replace(inputs, evaluation=evaluation)
    text = text_of(build_report(found))
    assert "This model 1 – – – – –" in text
    assert "How well it tells who will leave could not be measured." in text


def test_a_baseline_that_there_is_not_is_named_with_the_reason(inputs: ReportInputs) -> None:
    evaluation = report_support.evaluation()
    entry = evaluation["targets"]["value"]
    entry["baselines_missing"] = {"bg_nbd_gamma_gamma": "The features hold no purchases."}
    del entry["baselines"]["bg_nbd_gamma_gamma"]
    text = part(build_report(replace(inputs, evaluation=evaluation)), "scores")
    assert "Value has no baseline BG/NBD, Gamma-Gamma: The features hold no purchases." in text


def test_when_the_champion_stays_the_page_judges_the_champion(inputs: ReportInputs) -> None:
    evaluation = report_support.evaluation(promote=False)
    evaluation["targets"]["value"]["champion"]["all"]["total_ratio"] = 0.81
    page = build_report(replace(inputs, evaluation=evaluation))
    assert "m-20261116T060000-ff00" in page
    text = text_of(page)
    assert "New model (not promoted)" in text
    assert "Champion (serves)" in text
    assert "In the test, 81 % of what came was foretold." in text.replace("\u00a0", " ")
    assert "those of the new model, which does not serve" in text


def test_the_first_evaluation_without_a_champion_can_be_shown(inputs: ReportInputs) -> None:
    page = build_report(replace(inputs, evaluation=report_support.evaluation(champion=False)))
    assert "Champion so far" not in page


def test_without_the_counts_of_a_run_drift_is_a_table_and_says_so(inputs: ReportInputs) -> None:
    text = part(build_report(replace(inputs, counts=None, reference=None)), "drift")
    assert "No histograms: the counts of this run are no longer stored." in text
    assert "minutes 4w" in text


def test_leavers_among_active_customers_are_compared_where_the_monitor_did(inputs: ReportInputs) -> None:
    monitor = report_support.document("monitor.json")
    monitor["performance"]["churn"]["total_recent"] = {
        "customers": 900, "expected": 100.0, "observed": 201.0, "ratio": 2.01, "low": 1.8, "high": 2.2,
        "verdict": "alert",
    }  # fmt: skip
    text = part(build_report(replace(inputs, monitor=monitor)), "drift").replace("\u00a0", " ")
    auc = "0.859 (0.843 to 0.875), test 0.820"
    assert f"Customers who left, active only 2026-10-26 100 201 2.010 (1.800 to 2.200) {auc} alert" in text


def test_a_contract_without_attributes_has_a_page(inputs: ReportInputs) -> None:
    lonely = replace(DEFAULT, attributes=(), protected=())
    found = report_support.aggregated(report_support.predictions_table(), lonely)
    assert found.by == {}
    page = build_report(replace(inputs, contract=lonely, predictions=found))
    assert "At risk by" not in page


# --- below the first screen


def test_scores_stand_beside_champion_baselines_and_ceiling_with_intervals(page: str) -> None:
    entry = report_support.evaluation()["targets"]["churn"]
    text = part(page, "scores").replace("\u00a0", " ")
    for found in (entry["challenger"], entry["champion"], *entry["baselines"].values()):
        for population in ("all", "recent"):
            low, high = found[population]["ci"]["roc_auc"]
            assert f"{found[population]['roc_auc']:.3f} ({low:.3f} to {high:.3f})" in text
    share = entry["ceiling"]["ratio"]["recent"]["roc_auc"]
    assert f"{100 * share:.1f} %" in text
    assert "BG/NBD, Gamma-Gamma" in text


def test_curves_residuals_and_coverage_are_shown(page: str) -> None:
    churn, amounts = part(page, "churn"), part(page, "amounts")
    for title in ("ROC", "Precision and recall", "Calibration", "Reach (gains)", "Lift"):
        assert title in churn
    for target in ("Engagement", "Value"):
        assert f"{target}: predicted and actual" in amounts
        assert f"{target}: residuals" in amounts
    coverage = report_support.evaluation()["targets"]["value"]["intervals"]["recent"]["coverage"]
    assert f"{coverage:.3f}" in amounts


def test_shap_and_importance_of_every_model_are_shown(page: str) -> None:
    found = report_support.evaluation()
    text = part(page, "model")
    for feature in found["shap"]["features"]:
        assert words.name(feature["feature"]) in text
    assert text.count("Share of the model's total gain") == len(found["importance"])
    drawing = page[page.index('aria-label="What raises and lowers the risk (SHAP)"') :]
    bars = drawing[: drawing.index("</svg>")].count('<rect class="s-')
    assert bars == sum(n > 0 for f in found["shap"]["features"] for n in f["counts"])


def test_drift_fairness_and_data_quality_are_shown(page: str) -> None:
    drift, fairness, origin = (part(page, s).replace("\u00a0", " ") for s in ("drift", "fairness", "origin"))
    assert "Minutes 4w: before and now" in drift
    assert "Customers act otherwise than at the test" in drift
    assert "minutes 4w 0.337 0.004 0.405" in drift, "PSI, what is usual, and from the training window"
    assert "1.013 (0.990 to 1.037)" in drift
    assert "No predictions were published as of 2026-08-31." in drift
    assert "Age: falls short of the four-fifths rule (lowest ratio 0.37)." in fairness
    assert "Gender (protected, never a feature)" in fairness
    assert "strong 0.70 (0.68 to 0.71)" in fairness
    assert "no sign-up date 10" in origin
    assert "Splits by time" in origin
    assert report_support.document("model.json")["code_version"] in origin


# --- the same facts as JSON


def test_the_facts_are_one_json_document_with_the_same_numbers(inputs: ReportInputs, page: str) -> None:
    import json

    found = json.loads(json.dumps(to_document(inputs)))
    everybody = inputs.predictions.everybody
    assert found["customers"] == everybody.customers
    assert found["at_risk"]["customers"] == everybody.at_risk
    assert found["at_risk"]["expected_value"] == everybody.value_at_risk
    assert found["trust"]["answer"] == "With care"
    assert found["trust"]["reason"] in page
    assert [a["name"] for a in found["actions"]] == [s.name for s in actions(inputs.segments)]
    assert found["data_quality"]["activity"]["reasons"] == {"negative": 20, "twice": 30}
    assert found["cost"]["run_total"]["at_least"] is True


def test_what_a_run_does_not_have_is_null_in_json(inputs: ReportInputs) -> None:
    found = to_document(report_support.bare(inputs))
    for name in ("segments", "evaluation", "monitor", "cutoffs", "data_quality", "cost", "model_version"):
        assert found[name] is None, name
    assert found["actions"] == []
