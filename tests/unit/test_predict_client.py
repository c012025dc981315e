"""The client of the prediction API: answers in the order of the request, jobs waited for."""

import io
from collections.abc import Mapping
from typing import Any

import pytest
from rich.console import Console

from engage_cli.cli.predict import _render, _require_known
from engage_cli.errors import CloudError, UserError
from engage_cli.predict.client import predict_customers
from engage_cli.ui import Ui


def prediction(customer: str) -> dict[str, Any]:
    return {
        "customer_id": customer, "churn_probability": 0.5, "expected_engagement": 0.1, "expected_value": 2.0,
        "risk_band": "medium", "reasons": [], "model_version": "m-1", "as_of": "2026-01-05",
    }  # fmt: skip


ABOUT = {
    "horizon_weeks": {"churn": 12, "engagement": 4, "value": 12},
    "currency": "GBP",
    "value_unit": "GBP",
    "meanings": {
        "churn_probability": "probability of no activity in the next 12 weeks",
        "expected_engagement": "share of the next 28 days with activity",
        "expected_value": "spend in the next 12 weeks",
    },
}


class FakeApi:
    """Answers a post with `first` and each get with the next of `pages`."""

    def __init__(self, first: dict[str, Any], *pages: dict[str, Any]) -> None:
        self.first = first
        self.pages = list(pages)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self.first

    def get(self, path: str) -> dict[str, Any]:
        return self.pages.pop(0)


def ask(api: FakeApi, *ids: str) -> list[str | None]:
    answer = predict_customers(api, ids, sleep=lambda _: None)  # type: ignore[arg-type]
    return [p.customer_id for p in answer.predictions]


def test_a_job_is_waited_for_and_its_answers_come_in_the_order_of_the_request() -> None:
    done = {"status": "succeeded", "predictions": [prediction("b"), prediction("c"), prediction("a")]}
    assert ask(FakeApi({"job_id": "j", "about": ABOUT}, {"status": "running"}, done), "a", "b", "c") == [
        "a",
        "b",
        "c",
    ]


def test_a_job_that_fails_says_why() -> None:
    with pytest.raises(CloudError, match="out of memory"):
        ask(FakeApi({"job_id": "j"}, {"status": "failed", "error": {"message": "out of memory"}}), "a")


def test_nobody_is_no_question() -> None:
    with pytest.raises(UserError, match="No customer"):
        ask(FakeApi({}))


def test_an_answer_of_another_version_is_one_sentence() -> None:
    with pytest.raises(CloudError, match="different versions"):
        ask(FakeApi({"predictions": [{"customer_id": "a"}]}), "a")


def test_units_and_horizons_are_shown_as_the_answer_tells_them() -> None:
    one = prediction("a") | {"unknown_values": {"plan": "platinum"}}
    answer = predict_customers(FakeApi({"predictions": [one], "about": ABOUT}), ["a"])  # type: ignore[arg-type]
    assert answer.about.horizon_weeks["churn"] == 12
    ui, text = Ui(), io.StringIO()
    ui.out = ui.err = Console(file=text, width=120)
    _render(ui, answer)
    shown = " ".join(text.getvalue().split())
    assert "Probability of no activity in the next 12 weeks 50.0% (medium risk)" in shown
    assert "Spend in the next 12 weeks 2.00 GBP" in shown
    assert 'The model has never seen the plan "platinum"' in shown
    assert "$" not in shown


def test_a_long_list_is_shown_with_what_its_columns_mean() -> None:
    found = [prediction(name) for name in "abcd"]
    answer = predict_customers(FakeApi({"predictions": found, "about": ABOUT}), list("abcd"))  # type: ignore[arg-type]
    ui, text = Ui(), io.StringIO()
    ui.out = Console(file=text, width=120)
    _render(ui, answer)
    assert "2.00 GBP" in text.getvalue()
    assert "expected value: spend in the next 12 weeks" in text.getvalue()


def test_an_unknown_id_beside_known_ones_is_a_failure_that_names_it() -> None:
    api = FakeApi({"predictions": [prediction("a")], "not_found": ["x"], "about": ABOUT})
    with pytest.raises(UserError, match=r"1 of 2 customers are not known: x\.") as error:
        _require_known(predict_customers(api, ["a", "x"]))  # type: ignore[arg-type]
    assert error.value.exit_code == 2
    assert error.value.hint
    everybody = FakeApi({"predictions": [prediction("a")], "not_found": [], "about": ABOUT})
    _require_known(predict_customers(everybody, ["a"]))  # type: ignore[arg-type]
