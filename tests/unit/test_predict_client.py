"""The client of the prediction API: answers in the order of the request, jobs waited for."""

from collections.abc import Mapping
from typing import Any

import pytest

from engage_cli.errors import CloudError, UserError
from engage_cli.predict.client import predict_customers


def prediction(customer: str) -> dict[str, Any]:
    return {
        "customer_id": customer, "churn_probability": 0.5, "expected_engagement": 0.1, "expected_value": 2.0,
        "risk_band": "medium", "reasons": [], "model_version": "m-1", "as_of": "2026-01-05",
    }  # fmt: skip


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
    assert ask(FakeApi({"job_id": "j"}, {"status": "running"}, done), "a", "b", "c") == ["a", "b", "c"]


def test_a_job_that_fails_says_why() -> None:
    with pytest.raises(CloudError, match="out of memory"):
        ask(FakeApi({"job_id": "j"}, {"status": "failed", "error": {"message": "out of memory"}}), "a")


def test_nobody_is_no_question() -> None:
    with pytest.raises(UserError, match="No customer"):
        ask(FakeApi({}))


def test_an_answer_of_another_version_is_one_sentence() -> None:
    with pytest.raises(CloudError, match="different versions"):
        ask(FakeApi({"predictions": [{"customer_id": "a"}]}), "a")
