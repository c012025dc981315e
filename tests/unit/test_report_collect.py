"""What the report is made from: the statements, their answers, the run's documents, and what can go wrong."""

import json
from pathlib import Path
from typing import Any

import cost_support
import pytest
import report_support
from engage_ml.data_contract import DEFAULT

from engage_cli.errors import CloudError, UserError
from engage_cli.report import aggregates, queries
from engage_cli.report.collect import add_counts, collect, write_page

RUN = report_support.RUN_ID


@pytest.fixture(scope="module")
def table() -> dict[str, list[Any]]:
    return report_support.predictions_table()


@pytest.fixture(scope="module")
def found(table: dict[str, list[Any]]) -> aggregates.Aggregates:
    return report_support.aggregated(table)


# --- aggregates and queries


def test_groups_add_up_to_everybody(found: aggregates.Aggregates, table: dict[str, list[Any]]) -> None:
    assert found.everybody.customers == len(table["customer_id"])
    assert found.everybody.at_risk == table["risk_band"].count("high")
    assert set(found.by) == set(queries.dimensions(DEFAULT))
    for groups in found.by.values():
        assert sum(group.customers for group in groups) == found.everybody.customers
        assert sum(group.value_at_risk for group in groups) == pytest.approx(found.everybody.value_at_risk)
    assert sum(found.histogram) == found.everybody.customers
    assert len(found.histogram) == queries.HISTOGRAM_BINS


def test_a_number_is_a_dimension_by_its_bands_only() -> None:
    assert "age_band" in queries.dimensions(DEFAULT)
    assert "age" not in queries.dimensions(DEFAULT)


def test_an_attribute_that_is_a_word_of_sql_can_be_grouped_by() -> None:
    table = report_support.predictions_table(contract=report_support.SHOP)
    found = report_support.aggregated(table, report_support.SHOP)
    assert {group.name for group in found.by["group"]} == {"retail", "wholesale"}


def test_a_yes_or_no_is_said_in_words(found: aggregates.Aggregates) -> None:
    assert {group.name for group in found.by["marketing_opt_in"]} == {"yes", "no"}


def test_groups_that_are_too_small_are_left_out() -> None:
    table = report_support.predictions_table(500)
    table["country"] = ["US"] * 481 + ["LI"] * 19
    found = report_support.aggregated(table)
    assert [group.name for group in found.by["country"]] == ["US"]
    assert found.everybody.customers == 500


def test_a_missing_country_is_a_group_of_its_own() -> None:
    table = report_support.predictions_table(400)
    table["country"] = ["US"] * 200 + [None] * 200
    found = report_support.aggregated(table)
    assert {group.name for group in found.by["country"]} == {"US", "(none)"}


def test_texts_as_athena_returns_them_are_understood() -> None:
    row = {"grouped_by": "", "name": "", "customers": "10", "at_risk": "3", "medium_risk": "2"}
    row |= {"at_risk_active": "1", "expected_value": "1E3", "value_at_risk": "10.5"}
    row |= dict.fromkeys(("mean_churn", "mean_engagement"), "0.5")
    found = aggregates.from_rows([row], [{"bin": "19", "customers": "10"}], [])
    assert found.everybody.expected_value == 1000
    assert found.histogram[19] == 10


def test_an_empty_segment_has_no_mean() -> None:
    row = {"segment": "new", "customers": "0", "share": "0.0", "mean_churn_probability": None}
    row |= {"expected_value": "0.0", "value_at_stake": "0.0", "suggested_action": "Welcome them."}
    (segment,) = aggregates.segments_from_rows([row]) or ()
    assert segment.mean_churn is None
    assert aggregates.segments_from_rows([]) is None


def test_without_predictions_the_next_step_is_named() -> None:
    with pytest.raises(CloudError, match="no predictions") as error:
        aggregates.from_rows([], [], [])
    assert error.value.hint


@pytest.mark.parametrize("as_of", ["2026-13-01", "x' OR '1'='1", ""])
def test_a_query_takes_dates_only(as_of: str) -> None:
    with pytest.raises(UserError):
        queries.groups(DEFAULT, as_of, "run-x")


@pytest.mark.parametrize("run_id", ["x' OR '1'='1", "", "run x"])
def test_a_query_takes_ids_of_runs_only(run_id: str) -> None:
    with pytest.raises(UserError):
        queries.segments("2026-11-23", run_id)


def test_predictions_that_a_later_run_replaced_are_not_shown_as_this_runs() -> None:
    table = report_support.predictions_table(100)
    table["run_id"] = ["run-later"] * 100
    with pytest.raises(CloudError, match="a later run replaced them"):
        report_support.aggregated(table)


# --- documents


class Lake:
    """The lake bucket in memory: only what a reader may do."""

    def __init__(self, objects: dict[str, Any]) -> None:
        self._objects = objects

    def get(self, key: str) -> bytes | None:
        return json.dumps(self._objects[key]).encode() if key in self._objects else None


def objects(**changes: Any) -> dict[str, Any]:
    """All documents of a run; None leaves one out."""
    version = report_support.evaluation()["model_version"]
    named = {
        "spec": (f"runs/{RUN}/spec.json", report_support.document("spec.json")),
        "status": (f"runs/{RUN}/run.json", report_support.STATUS),
        "evaluation": (f"runs/{RUN}/evaluation.json", report_support.evaluation()),
        "monitor": (f"runs/{RUN}/monitor.json", report_support.document("monitor.json")),
        "shard": (f"runs/{RUN}/monitor/shard-00000.json", report_support.document("shard-00000.json")),
        "reference": (f"models/{version}/reference.json", report_support.document("reference.json")),
        "model": (f"models/{version}/model.json", report_support.document("model.json")),
        "usage": (f"usage/run={RUN}.json", cost_support.document()),
    }
    kept = {name: (key, changes.get(name, value)) for name, (key, value) in named.items()}
    return dict(pair for pair in kept.values() if pair[1] is not None)


def test_everything_that_a_run_left_is_collected(table: dict[str, list[Any]]) -> None:
    found = collect(Lake(objects()), report_support.Athena(table), RUN, environment="dev")
    assert found.as_of == report_support.AS_OF
    assert found.contract == DEFAULT
    assert [s.name for s in found.segments or ()] == ["drifting", "loyal", "at_risk", "dormant"]
    assert found.counts is not None
    assert sum(found.counts["features"]["minutes_4w"]) == 5000
    assert found.model is not None
    assert found.cost is not None


def test_without_published_segments_their_table_is_not_asked(table: dict[str, list[Any]]) -> None:
    asked: list[str] = []

    class Listening(report_support.Athena):
        def rows(self, sql: str) -> list[dict[str, Any]]:
            asked.append(sql)
            return super().rows(sql)

    status = {**report_support.STATUS, "publish": {}}
    found = collect(Lake(objects(status=status)), Listening(table), RUN)
    assert found.segments is None
    assert not any("FROM segments" in sql for sql in asked)


@pytest.mark.parametrize("lacking", ["evaluation", "monitor", "reference", "shard", "model", "usage"])
def test_a_run_that_lacks_a_document_is_still_collected(table: dict[str, list[Any]], lacking: str) -> None:
    found = collect(Lake(objects(**{lacking: None})), report_support.Athena(table), RUN)
    gone = {"shard": "counts", "reference": "reference", "usage": "cost"}.get(lacking, lacking)
    assert getattr(found, gone) is None


def test_what_another_version_monitored_is_left_out(table: dict[str, list[Any]]) -> None:
    older = (f"runs/{RUN}/monitor.json", {**report_support.document("monitor.json"), "schema_version": 1})
    found = collect(Lake(objects() | dict([older])), report_support.Athena(table), RUN)
    assert found.monitor is None


def test_the_counts_of_all_shards_are_added_up() -> None:
    one = {"features": {"a": [1, 2]}, "predictions": {"p": [3]}}
    assert add_counts([one, one]) == {"features": {"a": [2, 4]}, "predictions": {"p": [6]}}


def test_an_unknown_run_is_the_users_mistake(table: dict[str, list[Any]]) -> None:
    with pytest.raises(UserError, match="There is no run 'run-x'") as error:
        collect(Lake({}), report_support.Athena(table), "run-x")
    assert error.value.hint == "list the runs with: engage runs"


def test_a_run_that_failed_early_has_no_report(table: dict[str, list[Any]]) -> None:
    with pytest.raises(CloudError, match="ended before it had features") as error:
        collect(Lake(objects(spec=None)), report_support.Athena(table), RUN)
    assert error.value.hint == f"see why: engage runs show {RUN}"


def test_a_run_of_before_data_contracts_is_refused_with_the_next_step(table: dict[str, list[Any]]) -> None:
    spec = report_support.document("spec.json")
    del spec["contract"]
    with pytest.raises(CloudError, match="no data contract") as error:
        collect(Lake(objects(spec=spec)), report_support.Athena(table), RUN)
    assert error.value.hint


def test_a_page_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is not there") as error:
        write_page("page", tmp_path / "file" / "report.html")
    assert error.value.hint
    with pytest.raises(UserError, match="cannot be written"):
        write_page("page", tmp_path)


def test_no_folder_is_made_for_the_output(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the folder .*deep is not there") as error:
        write_page("page", tmp_path / "deep" / "report.html")
    assert "mkdir -p" in str(error.value.hint)
    assert list(tmp_path.iterdir()) == []
    assert write_page("page", tmp_path / "report.html").read_text() == "page"
