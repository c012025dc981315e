"""Asks the API for predictions and reads its answer."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engage_cli.aws.http import Api
from engage_cli.errors import CloudError, UserError

JOB_TIMEOUT_SECONDS = 900
MAX_IDS = 50_000


@dataclass(frozen=True)
class Reason:
    """One reason for the churn probability: words, and which way it pushes."""

    feature: str
    text: str
    effect: str


@dataclass(frozen=True)
class Prediction:
    """One customer's prediction. Probability and share 0-1; value in the unit, and all of them over the
    horizons, of the answer's `About`. `unknown_values`: given categories that the model has never seen.
    """

    customer_id: str | None
    churn_probability: float
    expected_engagement: float
    expected_value: float
    risk_band: str
    reasons: tuple[Reason, ...]
    model_version: str
    as_of: str | None
    cached: bool
    age_seconds: float
    unknown_values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class About:
    """What the numbers mean, as the answer says it: horizons in weeks and meanings by target and column."""

    horizon_weeks: Mapping[str, int]
    value_unit: str
    meanings: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What came back: predictions in the order of the request, the ids that are not known, the raw JSON."""

    predictions: list[Prediction]
    not_found: list[str]
    about: About
    raw: dict[str, Any]


def predict_customers(
    api: Api,
    ids: Sequence[str],
    *,
    on_job: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """Return predictions for customers; a long list becomes a job that is waited for."""
    if not ids:
        raise UserError("No customer was named.", hint="For example: engage predict C00000001")
    if len(ids) > MAX_IDS:
        raise UserError(
            f"{len(ids):,} customers are too many for one request; at most {MAX_IDS:,}.",
            hint="All predictions are in the table `predictions`, readable with Athena.",
        )
    answer = api.post("predict", {"customer_ids": list(ids)})
    if "job_id" in answer:
        on_job(str(answer["job_id"]))
        answer = {"about": answer.get("about"), **_wait_for_job(api, str(answer["job_id"]), sleep)}
    # A job answers shard by shard.
    position = {customer: at for at, customer in enumerate(ids)}
    answer["predictions"] = sorted(
        answer.get("predictions", []), key=lambda p: position.get(p.get("customer_id"), 0)
    )
    return _answer(answer)


def predict_features(api: Api, features: Mapping[str, Any]) -> Answer:
    """Return the prediction for a made-up customer given by feature values."""
    return _answer(api.post("predict", {"features": dict(features)}))


def _wait_for_job(api: Api, job_id: str, sleep: Callable[[float], None]) -> dict[str, Any]:
    delay, waited = 0.25, 0.0
    while waited < JOB_TIMEOUT_SECONDS:
        answer = api.get(f"predict/{job_id}")
        status = answer.get("status")
        if status == "succeeded":
            return _all_pages(api, answer)
        if status != "running":
            error = answer.get("error") or {}
            reason = error.get("message") or error.get("code") or "no reason given"
            raise CloudError(
                f"The prediction job {job_id} ended as {status}: {reason}.",
                hint="Read: engage logs --component bulk",
            )
        sleep(delay)
        waited += delay
        delay = min(delay * 1.5, 5)
    raise CloudError(f"The prediction job {job_id} took longer than {JOB_TIMEOUT_SECONDS} s.")


def _all_pages(api: Api, first: dict[str, Any]) -> dict[str, Any]:
    answer, page = {k: v for k, v in first.items() if k != "next"}, first
    answer["predictions"] = list(first.get("predictions", []))
    answer["not_found"] = list(first.get("not_found", []))
    while page.get("next") is not None:
        page = api.get(str(page["next"]))
        answer["predictions"] += page.get("predictions", [])
        answer["not_found"] += page.get("not_found", [])
    return answer


def _answer(raw: dict[str, Any]) -> Answer:
    try:
        predictions = [_prediction(p) for p in raw.get("predictions", [])]
        about = _about(raw["about"])
    except (KeyError, TypeError) as exc:
        raise CloudError(
            f"The API's answer lacks {exc}; program and platform may be of different versions.",
            hint="Run `engage deploy`.",
        ) from exc
    return Answer(predictions, [str(i) for i in raw.get("not_found", [])], about, raw)


def _about(data: Mapping[str, Any]) -> About:
    return About(
        horizon_weeks={name: int(weeks) for name, weeks in data["horizon_weeks"].items()},
        value_unit=str(data["value_unit"]),
        meanings={name: str(meaning) for name, meaning in data["meanings"].items()},
    )


def _prediction(data: Mapping[str, Any]) -> Prediction:
    return Prediction(
        customer_id=data.get("customer_id"),
        churn_probability=float(data["churn_probability"]),
        expected_engagement=float(data["expected_engagement"]),
        expected_value=float(data["expected_value"]),
        risk_band=str(data["risk_band"]),
        reasons=tuple(
            Reason(str(r.get("feature", "")), str(r["text"]), str(r.get("effect", "")))
            for r in data["reasons"]
        ),
        model_version=str(data["model_version"]),
        as_of=data.get("as_of"),
        cached=bool(data.get("cached", False)),
        age_seconds=float(data.get("age_seconds", 0)),
        unknown_values=dict(data.get("unknown_values") or {}),
    )
