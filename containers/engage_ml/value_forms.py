"""The value model: the forms of `score.VALUE_PARTS` for an amount that is mostly zero, and the choice.

The form with the least Tweedie deviance on the validation rows, each at its right level, is kept. Trees
alone cannot say more than the largest amounts that they saw; the anchored forms let them correct what the
model of purchases expects of a customer, which they need where histories are few and amounts far apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .calibration import level
from .fitting import MIN_ROWS, Binned, Doubles, Fitted, Fitter, Rows, Settings, predict
from .metrics import tweedie_deviance
from .score import (
    VALUE,
    VALUE_AMOUNT,
    VALUE_CORRECTION,
    VALUE_PARTS,
    VALUE_PROBABILITY,
    Model,
    value_of,
)


@dataclass(frozen=True)
class FittedValue:
    """The form that won, its boosters with their rounds, and the validation deviance of every form."""

    kind: str
    boosters: Mapping[str, Any]
    rounds: Mapping[str, int]
    deviances: Mapping[str, float]

    @property
    def loss(self) -> float:
        """The deviance of the form that won."""
        return self.deviances[self.kind]


class ValueFitter:
    """Fits all forms with given parameters. The two-part form needs 100 customers with spend and 100 without
    it in both sets. `binned` are the rows of both sets in bins, which all forms but the amount share.
    """

    def __init__(self, model: Model, binned: Binned, train: Rows, valid: Rows, settings: Settings) -> None:
        self._model, self._valid, self._threads = model, valid, settings.threads
        self._fitters = {VALUE: Fitter(VALUE, binned, train, valid, settings)}
        paid, paid_valid = train.label > 0, valid.label > 0
        if min(paid.sum(), paid_valid.sum(), (~paid).sum(), (~paid_valid).sum()) >= MIN_ROWS:
            any_spend = (
                Rows(train.matrix, paid.astype(np.float64)),
                Rows(valid.matrix, paid_valid.astype(np.float64)),
            )
            self._fitters[VALUE_PROBABILITY] = Fitter(VALUE_PROBABILITY, binned, *any_spend, settings)
            amounts = (train.take(paid), valid.take(paid_valid))
            own = Binned(
                model, amounts[0].matrix, amounts[1].matrix, settings.max_bin(VALUE), settings.threads
            )
            self._fitters[VALUE_AMOUNT] = Fitter(VALUE_AMOUNT, own, *amounts, settings)
        if train.anchor is not None:
            self._fitters[VALUE_CORRECTION] = Fitter(VALUE_CORRECTION, binned, train, valid, settings)

    def fit(self, params: Mapping[str, Any]) -> FittedValue:
        """The best form with these parameters."""
        fitted = {name: fitter.fit(params) for name, fitter in self._fitters.items()}
        forms = self._forms(fitted)
        actual = self._valid.label
        deviances = {
            kind: round(float(tweedie_deviance(actual, form * level(actual, form)).mean()), 6)
            for kind, form in forms.items()
        }
        best = min(deviances, key=lambda kind: (deviances[kind], kind))
        return FittedValue(
            best,
            {name: fitted[name].booster for name in VALUE_PARTS[best]},
            {name: fitted[name].rounds for name in VALUE_PARTS[best]},
            deviances,
        )

    def _forms(self, fitted: Mapping[str, Fitted]) -> dict[str, Doubles]:
        """The validation predictions of each form."""
        outputs = {
            name: predict(found.booster, self._model, self._valid.matrix, self._threads)
            for name, found in fitted.items()
        }
        possible = (kind for kind, parts in VALUE_PARTS.items() if set(parts) <= set(outputs))
        return {kind: value_of(kind, outputs, self._valid.anchor) for kind in possible}
