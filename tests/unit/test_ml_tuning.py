"""Tuning: a budget decides how far a fixed sequence of parameters is tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest
from engage_ml.contract import ContractError
from engage_ml.fitting import BASE_PARAMS
from engage_ml.tuning import Budget, candidates, tune


@dataclass(frozen=True)
class Score:
    loss: float


class Machine:
    """Fits in two seconds of its own clock; the deeper the tree, the better."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def fit(self, params: Mapping[str, Any]) -> Score:
        self.now += 2.0
        return Score(-float(params["max_depth"]))


def run(budget: Budget | None, seed: int = 7) -> tuple[list[dict[str, Any]], Score]:
    machine = Machine()
    trials, best = tune(machine.fit, BASE_PARAMS, budget, seed, machine.clock)
    return trials.to_dict(), best


def test_without_a_budget_only_the_defaults_are_fitted() -> None:
    tried, _ = run(None)
    assert [t["params"] for t in tried] == [dict(BASE_PARAMS)]


def test_a_budget_in_seconds_is_not_overrun() -> None:
    assert len(run(Budget(seconds=7.0))[0]) == 3  # a fourth would end after 8 seconds
    assert len(run(Budget(seconds=1.0))[0]) == 1  # the defaults always are


def test_the_same_number_of_trials_tries_the_same_parameters_and_more_only_adds() -> None:
    few, many = run(Budget(trials=3))[0], run(Budget(trials=9))[0]
    assert many[:3] == few
    assert len(many) == 9
    assert run(Budget(trials=3), seed=8)[0] != few


def test_the_trial_with_the_least_loss_wins() -> None:
    tried, best = run(Budget(trials=9))
    assert best.loss == min(t["loss"] for t in tried)
    assert best.loss < tried[0]["loss"]


def test_candidates_stay_within_what_xgboost_takes() -> None:
    for params in islice(candidates(BASE_PARAMS, 1), 200):
        assert 3 <= params["max_depth"] <= 8
        assert 0.03 <= params["eta"] <= 0.15
        assert 0.3 <= params["colsample_bytree"] <= 0.9
        assert 0.6 <= params["subsample"] <= 1
        assert params["max_bin"] == BASE_PARAMS["max_bin"]  # the rows are prepared once


@pytest.mark.parametrize(
    ("text", "budget"),
    [("90s", Budget(seconds=90)), ("10m", Budget(seconds=600)), ("1h", Budget(seconds=3600)),
     ("25trials", Budget(trials=25))],
)  # fmt: skip
def test_a_budget_is_read(text: str, budget: Budget) -> None:
    assert Budget.parse(text) == budget


@pytest.mark.parametrize("text", ["", "10", "ten minutes", "0s", "2h", "0trials", "501trials", "-5m", "1.5h"])
def test_a_wrong_budget_is_refused(text: str) -> None:
    with pytest.raises(ContractError, match="tuning budget"):
        Budget.parse(text)


def test_each_target_gets_its_part_of_the_seconds_and_all_of_the_trials() -> None:
    assert Budget(seconds=600).share(3) == Budget(seconds=200)
    assert Budget(trials=5).share(3) == Budget(trials=5)
