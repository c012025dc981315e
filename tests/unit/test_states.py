"""From a run's history to its states."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from engage_ml.contract import ContractError
from engage_ml.tuning import Budget

from engage_cli.datagen.load import SYNTHETIC_KEY
from engage_cli.errors import CloudError, UserError
from engage_cli.pipeline.early import CONTRACT_KEY, complete_weeks, refuse_without_data, weeks_needed
from engage_cli.pipeline.run import (
    RunResult,
    checked_as_of,
    checked_tune,
    new_run_id,
    require_success,
    result_of,
    start_run,
)
from engage_cli.pipeline.states import failure_of, message_of, states_of

START = datetime(2026, 11, 23, 6, tzinfo=UTC)


def event(second: float, kind: str, **details: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": START + timedelta(seconds=second), **details}


def entered(second: float, name: str) -> dict[str, Any]:
    return event(second, "TaskStateEntered", stateEnteredEventDetails={"name": name})


def exited(second: float, name: str) -> dict[str, Any]:
    return event(second, "TaskStateExited", stateExitedEventDetails={"name": name})


def failed(second: float, error: str, cause: str) -> dict[str, Any]:
    return event(second, "TaskFailed", taskFailedEventDetails={"error": error, "cause": cause})


def test_a_state_that_ended_took_the_time_between_entry_and_exit() -> None:
    (view,) = states_of([entered(0, "Train"), exited(12.5, "Train")])
    assert (view.name, view.status, view.seconds(START)) == ("Train", "succeeded", 12.5)


def test_a_polling_loop_is_one_state_from_first_to_last() -> None:
    loop = [entered(0, "StartCrawler"), exited(1, "StartCrawler"), entered(1, "WaitForCrawler"),
            exited(2, "WaitForCrawler"), entered(2, "GetCrawler"), exited(3, "GetCrawler")]  # fmt: skip
    (view,) = states_of(loop)
    assert (view.name, view.seconds(START)) == ("StartCrawler", 3)


def test_a_retry_that_succeeds_is_counted_but_is_no_failure() -> None:
    retried = [entered(0, "Split"), failed(1, "Lambda.ServiceException", "busy"), event(2, "TaskSucceeded"),
               exited(3, "Split")]  # fmt: skip
    (view,) = states_of(retried)
    assert (view.status, view.retries) == ("succeeded", 1)


def test_a_state_left_through_its_catch_is_the_failure_of_the_run() -> None:
    cause = json.dumps({"errorType": "DataError", "errorMessage": "The table activity is empty."})
    views = states_of([entered(0, "Validate"), failed(1, "DataError", cause), exited(1, "Validate"),
                       entered(1, "Cleanup"), event(2, "TaskSucceeded"), exited(2, "Cleanup")])  # fmt: skip
    failure = failure_of(views)
    assert (failure.state, failure.error, failure.message) == (
        "Validate",
        "DataError",
        "The table activity is empty.",
    )


def test_the_exit_code_of_a_task_is_part_of_the_message() -> None:
    cause = json.dumps({"Containers": [{"ExitCode": 3}], "StoppedReason": "Essential container exited"})
    assert message_of(cause) == "Essential container exited (exit code 3)"


def test_a_failed_run_says_where_why_and_what_next() -> None:
    failure = failure_of(states_of([entered(0, "Train"), failed(1, "States.TaskFailed", "out of memory"),
                                    exited(1, "Train")]))  # fmt: skip
    result = RunResult("run-1", "FAILED", 1.0, [], None, failure)
    with pytest.raises(CloudError) as caught:
        require_success(result)
    assert caught.value.message == "Run run-1 failed at Train: out of memory."
    assert "engage run-pipeline" in (caught.value.hint or "")


class FakeRuns:
    """A run that failed in its last state."""

    def describe(self, run_id: str) -> dict[str, Any]:
        return {
            "status": "FAILED",
            "startDate": START,
            "stopDate": START + timedelta(seconds=3),
            "error": "E",
        }

    def history(self, run_id: str) -> list[dict[str, Any]]:
        return [entered(0, "Prepare"), exited(1, "Prepare"), entered(1, "RunFailed")]


def test_nothing_of_a_run_that_failed_is_shown_as_running() -> None:
    result = result_of(FakeRuns(), "run-1")  # type: ignore[arg-type]
    assert [(v.name, v.status, v.seconds(START)) for v in result.states] == [
        ("Prepare", "succeeded", 1.0),
        ("RunFailed", "failed", 2.0),
    ]


def test_run_ids_sort_by_time() -> None:
    assert new_run_id(START) < new_run_id(START + timedelta(seconds=1))


@pytest.mark.parametrize(("text", "part"), [("yesterday", "not a date"), ("2026-11-24", "Tuesday")])
def test_an_as_of_date_must_be_a_monday(text: str, part: str) -> None:
    with pytest.raises(UserError, match=part):
        checked_as_of(text)


@pytest.mark.parametrize("text", ["soon", "10", "0m", "2h", "3601s", "501trials"])
def test_a_wrong_tuning_budget_is_refused_before_anything_is_started(text: str) -> None:
    with pytest.raises(UserError, match="no tuning budget"):
        checked_tune(text)
    with pytest.raises(ContractError):
        Budget.parse(text)


def test_what_the_program_takes_as_a_tuning_budget_the_training_task_takes_too() -> None:
    for text in ("90s", "60m", "1h", "500trials"):
        assert checked_tune(text) == text
        assert Budget.parse(text) != Budget()
    assert checked_tune(None) is None


class Starter:
    """Remembers what was started."""

    def __init__(self) -> None:
        self.started: dict[str, object] = {}

    def start(self, run_id: str, document: dict[str, object]) -> None:
        self.started = document


def test_a_run_is_started_with_its_tuning_budget_and_with_none_otherwise() -> None:
    starter = Starter()
    start_run(starter, None, "10m")  # type: ignore[arg-type]
    assert starter.started["tune"] == "10m"
    start_run(starter, None)  # type: ignore[arg-type]
    # The first state reads the name from the input, so it must be there.
    assert starter.started["tune"] is None


class Raw:
    """A raw bucket with the given weeks of activity, and a contract; perhaps of generated data."""

    def __init__(self, weeks: int, contract: Any = None, *, generated: bool = False) -> None:
        first = date(2025, 1, 6)
        self.weeks = [first + timedelta(weeks=n) for n in range(weeks)]
        self.objects = {CONTRACT_KEY: contract, SYNTHETIC_KEY: {} if generated else None}

    def folders(self, prefix: str) -> list[str]:
        assert prefix == "activity/"
        return ["notes", "week=2025-01-07", *(f"week={week}" for week in self.weeks)]

    def get_json(self, key: str) -> Any:
        return self.objects[key]


TODAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("raw", "as_of", "told", "hint"),
    [
        (Raw(60), "2027-01-04", "whose last complete week begins on 2026-02-23", "2026-03-02"),
        (Raw(60), "2025-06-02", "21 weeks of activity before 2025-06-02, and a run needs 48", "2025-12-08"),
        (Raw(60), "2024-01-01", "0 weeks of activity before 2024-01-01", "2025-12-08"),
        (Raw(40), "2025-10-13", "40 weeks of activity", "more weeks"),
        (
            Raw(60, {"horizons": {"churn": 12, "value": 4, "engagement": 4}, "lookback_weeks": 26}),
            "2026-02-23", "59 weeks of activity before 2026-02-23, and a run needs 62", "more weeks",
        ),
    ],
)  # fmt: skip
def test_an_as_of_date_that_the_data_cannot_serve_is_refused_before_anything_starts(
    raw: Raw, as_of: str, told: str, hint: str
) -> None:
    with pytest.raises(UserError, match=told) as refused:
        refuse_without_data(raw, as_of, TODAY)
    assert hint in (refused.value.hint or "")


@pytest.mark.parametrize(
    ("raw", "as_of"),
    [
        (Raw(60), "2026-03-02"),
        (Raw(60), "2025-12-08"),
        (Raw(0), "2026-03-02"),
        (Raw(60, {"x": 1}), "2025-06-02"),
    ],
)
def test_an_as_of_date_that_may_work_is_left_to_the_run(raw: Raw, as_of: str) -> None:
    refuse_without_data(raw, as_of, TODAY)


def test_the_calendar_does_not_limit_generated_data() -> None:
    day = date(2025, 12, 30)
    refuse_without_data(Raw(60, generated=True), "2026-03-02", day)
    with pytest.raises(UserError, match="whose last complete week begins on 2026-02-23"):
        refuse_without_data(Raw(60, generated=True), "2026-03-09", day)
    with pytest.raises(UserError, match="whose last complete week begins on 2025-12-22"):
        refuse_without_data(Raw(60), "2026-03-02", day)


def test_a_week_that_has_not_ended_is_no_week_yet() -> None:
    assert complete_weeks(["week=2026-11-16", "week=2026-11-23", "week=x"], TODAY) == [date(2026, 11, 16)]


def test_the_weeks_that_are_needed_are_those_of_the_library() -> None:
    from engage_ml.data_contract import DEFAULT, KEY

    assert weeks_needed(None) == weeks_needed(DEFAULT.to_dict()) == DEFAULT.weeks_needed
    assert KEY == CONTRACT_KEY


def test_a_run_of_an_older_week_says_what_is_served_and_others_say_nothing() -> None:
    from engage_cli.cli.pipeline import not_served

    older = {"as_of": "2026-10-05", "publish": {"serving": False, "served_as_of": "2026-11-23"}}
    (line,) = not_served(older)
    assert "as_of = '2026-10-05'" in line
    assert "stay those of 2026-11-23" in line
    assert not_served({"publish": {"serving": True}}) == not_served({}) == []
