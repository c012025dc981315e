"""Tuning within a budget: how many of a fixed sequence of parameter sets are tried.

The sequence depends on the seed only, and begins with the defaults. A budget in seconds decides how far it is
followed, one in trials says so outright: the same number of trials gives the same models. What was tried and
what won is stored with the model, so that it can be made again without tuning (`train.settings_of`). Standard
library only: the first step of the pipeline checks budgets.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from .contract import ContractError

MAX_SECONDS = 3600
"""Longest budget: the training step of the pipeline is stopped after two hours."""
MAX_TRIALS = 500
_BUDGET = re.compile(r"(\d{1,6})(s|m|h|trials)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Budget:
    """Seconds to spend, or parameter sets to try for each target; exactly one of them."""

    seconds: float | None = None
    trials: int | None = None

    @classmethod
    def parse(cls, text: str) -> Budget:
        """A budget like `90s`, `10m`, `1h` or `25trials`.

        Raises:
            ContractError: when the text is none, or more than an hour or 500 trials.
        """
        found = _BUDGET.fullmatch(text.strip())
        if found is None:
            raise ContractError(f"The tuning budget {text!r} is none; write 90s, 10m, 1h or 25trials.")
        amount, unit = int(found[1]), found[2]
        if unit == "trials":
            if not 1 <= amount <= MAX_TRIALS:
                raise ContractError(f"A tuning budget is 1 to {MAX_TRIALS} trials, not {amount}.")
            return cls(trials=amount)
        seconds = amount * _SECONDS[unit]
        if not 1 <= seconds <= MAX_SECONDS:
            raise ContractError(f"A tuning budget is 1 second to {MAX_SECONDS // 60} minutes, not {text}.")
        return cls(seconds=float(seconds))

    def share(self, targets: int) -> Budget:
        """The budget of one target: its part of the seconds; trials are counted for each target."""
        return Budget(self.seconds / targets) if self.seconds is not None else self

    def to_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds, "trials": self.trials}


class Scored(Protocol):
    """What a trial makes: something with a validation loss."""

    @property
    def loss(self) -> float: ...


S = TypeVar("S", bound=Scored)


@dataclass(frozen=True)
class Trial:
    """Parameters that were tried, their validation loss, and how long it took."""

    params: Mapping[str, Any]
    loss: float
    seconds: float


@dataclass(frozen=True)
class Trials:
    """All trials of a target, in order."""

    tried: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The trial with the least loss, the earlier of equals."""
        return min(self.tried, key=lambda trial: trial.loss)

    def to_dict(self) -> list[dict[str, Any]]:
        return [{"params": dict(t.params), "loss": t.loss, "seconds": t.seconds} for t in self.tried]


def tune(
    fit: Callable[[Mapping[str, Any]], S],
    defaults: Mapping[str, Any],
    budget: Budget | None,
    seed: int,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Trials, S]:
    """Fits with the defaults and, with a budget, with candidates until it is spent; returns the best.

    A trial that would likely end after the budget (the last one's time is the guess) is not begun.
    """
    began = clock()
    tried: list[Trial] = []
    best: S | None = None
    for params in candidates(defaults, seed):
        started = clock()
        found = fit(params)
        took = clock() - started
        tried.append(Trial(params, found.loss, round(took, 3)))
        if best is None or found.loss < best.loss:
            best = found
        if budget is None or _spent(budget, len(tried), clock() - began, took):
            break
    assert best is not None
    return Trials(tuple(tried)), best


def _spent(budget: Budget, trials: int, elapsed: float, last: float) -> bool:
    if budget.trials is not None:
        return trials >= budget.trials
    return trials >= MAX_TRIALS or elapsed + last > (budget.seconds or 0.0)


def candidates(defaults: Mapping[str, Any], seed: int) -> Iterator[dict[str, Any]]:
    """The defaults, then parameter sets without end, drawn from wide ranges (most of them logarithmic)."""
    yield dict(defaults)
    rng = random.Random(f"tuning {seed}")
    while True:
        draw = [rng.random() for _ in range(6)]
        yield {
            **defaults,
            "max_depth": 3 + int(draw[0] * 6),
            "eta": _between(draw[1], 0.03, 0.15),
            "min_child_weight": _between(draw[2], 5.0, 200.0),
            "lambda": _between(draw[3], 0.5, 20.0),
            "subsample": round(0.6 + 0.4 * draw[4], 3),
            "colsample_bytree": round(0.3 + 0.6 * draw[5], 3),
        }


def _between(draw: float, low: float, high: float) -> float:
    return float(f"{low * (high / low) ** draw:.3g}")
