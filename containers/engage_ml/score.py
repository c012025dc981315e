"""A trained model and its predictions. NumPy and XGBoost only: the predict handler has neither pandas nor
pyarrow.

Formulas: churn probability = calibration(sigmoid(margin)), linear between the stored points; engagement =
scale * output of a logistic-link regression, clipped to 0..1; value = scale * one of the forms of
`VALUE_PARTS`, whichever won on the validation cut-off (`model.json`, `value.kind`). Both scales make the sum
over the validation cut-off right. Intervals: see `intervals.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import SCHEMA_VERSION
from .blocks import FeatureBlock, Floats
from .boosting import load_xgboost
from .contract import ContractError
from .data_contract import DEFAULT, DataContract, parse
from .dictionary import Dictionary, dictionary
from .history import purchases, recently_active
from .intervals import LEVEL, Flags, Intervals
from .purchases import PurchaseModel
from .words import Builder, builders

Doubles = NDArray[np.float64]
ENGAGEMENT, CHURN, VALUE = "engagement", "churn", "value"
VALUE_PROBABILITY, VALUE_AMOUNT = "value_probability", "value_amount"
VALUE_CORRECTION = "value_correction"
TWEEDIE, TWO_PART, BLEND = "tweedie", "two_part", "blend"
ANCHORED, ANCHORED_BLEND = "anchored", "anchored_blend"
VALUE_PARTS: Mapping[str, tuple[str, ...]] = {
    TWEEDIE: (VALUE,),
    TWO_PART: (VALUE_PROBABILITY, VALUE_AMOUNT),
    BLEND: (VALUE, VALUE_PROBABILITY, VALUE_AMOUNT),
    ANCHORED: (VALUE_CORRECTION,),
    ANCHORED_BLEND: (VALUE, VALUE_PROBABILITY, VALUE_AMOUNT, VALUE_CORRECTION),
}
"""Forms of the value model with their boosters: expected value itself; probability of any times the amount
given that there is some; the mean of both; what BG/NBD and Gamma-Gamma expect times a learnt correction;
the mean of that and the blend.
"""
LEAST_ANCHOR = 0.01
"""What is expected of anybody at the least: a correction can only multiply."""
MISSING = -1e30
"""Stands for a missing number in a model's matrix: below all others, so that trees can tell it from them.

A matrix without gaps is smaller to XGBoost (bins of one byte, and no index), and takes half the time to train
on (100,000 customers: 48 instead of 96 processor milliseconds a round). Categories keep their gaps, which are
rare; where some occur, training takes the longer way.
"""


@dataclass(frozen=True)
class Predictions:
    """One entry per row: probability of churn, expected share of active days, expected value, each over
    the horizon of its target; medians and the bounds of 80 % intervals. NaN: the model knows no intervals.

    An expected value is a mean: for a customer who most likely spends nothing it lies above [0, 0].
    """

    churn_probability: Doubles
    expected_engagement: Doubles
    engagement_low: Doubles
    engagement_median: Doubles
    engagement_high: Doubles
    expected_value: Doubles
    value_low: Doubles
    value_median: Doubles
    value_high: Doubles


@dataclass
class Model:
    """Boosters by name with what is needed to use them, from `load_model` or `train.train_models`."""

    version: str
    features: tuple[str, ...]
    categories: Mapping[str, Sequence[str]]
    boosters: dict[str, Any] = field(default_factory=dict)
    calibration: tuple[Doubles, Doubles] = field(default_factory=lambda: (np.zeros(1), np.zeros(1)))
    engagement_scale: float = 1.0
    value_kind: str = TWEEDIE
    value_scale: float = 1.0
    intervals: dict[str, Intervals] = field(default_factory=dict)
    """By target; models of before there were intervals have none."""
    purchases: PurchaseModel | None = None
    """What the anchored forms of value correct."""
    missing: float = MISSING
    """What stands for a missing number in the matrix."""
    metadata: dict[str, Any] = field(default_factory=dict)
    contract: DataContract = DEFAULT

    @cached_property
    def dictionary(self) -> Dictionary:
        """The features of the contract that the model was trained under."""
        return dictionary(self.contract)

    @cached_property
    def words(self) -> Mapping[str, Builder]:
        """How the groups of features are said in reasons."""
        return builders(self.contract)

    def matrix(self, block: FeatureBlock) -> Floats:
        """The block's rows as float32 `[rows, features]` in the model's columns and category codes.

        A category that training never saw becomes missing (NaN); a missing number becomes `missing`.

        Raises:
            ContractError: when the block lacks a feature of the model.
        """
        lacking = [name for name in self.features if name not in block.names]
        if lacking:
            raise ContractError(f"The features lack {lacking[0]!r}, which model {self.version} needs.")
        columns = [block.names.index(name) for name in self.features]
        found: Floats = block.values[:, columns].astype(np.float32)
        for at, name in enumerate(self.features):
            if name in self.categories:
                found[:, at] = recode(found[:, at], block.vocabulary[name], self.categories[name])
            else:
                np.nan_to_num(found[:, at], copy=False, nan=self.missing, posinf=np.inf, neginf=-np.inf)
        return found

    def predict(self, block: FeatureBlock, threads: int = 1) -> Predictions:
        """Predictions for each row of the block."""
        return self.predict_block(block, self.data(self.matrix(block), threads))

    def predict_block(self, block: FeatureBlock, data: Any) -> Predictions:
        """The same, where `data` is already `data(matrix(block))`."""
        churn = np.clip(calibrate(self.raw(CHURN, data), self.calibration), 0.0, 1.0)
        engagement = np.clip(self.engagement_scale * self.raw(ENGAGEMENT, data), 0.0, 1.0)
        value = np.maximum(self.value_scale * self.raw_value(data, self.anchor(block)), 0.0)
        recent = recently_active(self.contract, block)
        return Predictions(
            churn, engagement, *self._bounds(ENGAGEMENT, engagement, recent),
            value, *self._bounds(VALUE, value, recent),
        )  # fmt: skip

    def anchor(self, block: FeatureBlock) -> Doubles | None:
        """What the model of purchases alone expects of each row; None where the model has none."""
        bought = None if self.purchases is None else purchases(self.contract, block)
        if self.purchases is None or bought is None:
            return None
        expected = self.purchases.predict(bought, self.contract.horizons[VALUE])
        found: Doubles = np.maximum(expected, LEAST_ANCHOR)
        return found

    def data(self, matrix: Floats, threads: int = 1) -> Any:
        """The matrix as XGBoost's own structure; it can be shared by `predict_matrix` and
        `explain.contributions`.
        """
        xgboost = load_xgboost()

        types = feature_types(self.features, self.categories)
        return xgboost.DMatrix(matrix, feature_types=types, enable_categorical=True, nthread=threads)

    def raw(self, name: str, data: Any) -> Doubles:
        """The output of one booster."""
        found: Doubles = self.boosters[name].predict(data).astype(np.float64)
        return found

    def raw_value(self, data: Any, anchor: Doubles | None) -> Doubles:
        """Expected value before the scale, in the form of the model."""
        outputs = {name: self.raw(name, data) for name in VALUE_PARTS[self.value_kind]}
        return value_of(self.value_kind, outputs, anchor)

    def _bounds(self, target: str, prediction: Doubles, recent: Flags) -> tuple[Doubles, Doubles, Doubles]:
        if target not in self.intervals:
            unknown = np.full(len(prediction), np.nan)
            return unknown, unknown, unknown
        low, median, high = self.intervals[target].read(prediction, recent)
        # The curves go on above what validation saw; a share of days ends at 1.
        most = 1.0 if target == ENGAGEMENT else np.inf
        return np.minimum(low, most), np.minimum(median, most), np.minimum(high, most)

    def to_files(self) -> dict[str, bytes]:
        """The files of the model: one `.ubj` per booster (XGBoost's own format) and `model.json`, which
        comes last.
        """
        files = {f"{name}.ubj": bytes(b.save_raw("ubj")) for name, b in sorted(self.boosters.items())}
        described = {
            **self.metadata,
            "schema_version": SCHEMA_VERSION,
            "model_version": self.version,
            "contract": self.contract.to_dict(),
            "features": list(self.features),
            "categories": {k: list(v) for k, v in self.categories.items()},
            "calibration": {"x": self.calibration[0].tolist(), "y": self.calibration[1].tolist()},
            "engagement": {"scale": self.engagement_scale},
            "value": {"kind": self.value_kind, "scale": self.value_scale},
            "purchases": None if self.purchases is None else self.purchases.to_dict(),
            "intervals": {
                "level": LEVEL,
                **{target: found.to_dict() for target, found in sorted(self.intervals.items())},
            },
            "boosters": sorted(self.boosters),
            "missing": None if np.isnan(self.missing) else self.missing,
        }
        files["model.json"] = json.dumps(described, indent=1, sort_keys=True).encode()
        return files


def load_model(read: Callable[[str], bytes], threads: int = 1) -> Model:
    """Reads a model; `read(name)` returns the bytes of one of its files (`model.json`, `churn.ubj`, ...).

    Raises:
        ContractError: when the files have a schema version that this code does not know.
    """
    xgboost = load_xgboost()

    head = json.loads(read("model.json"))
    if head.get("schema_version") != SCHEMA_VERSION:
        raise ContractError(
            f"Model {head.get('model_version')} has schema version "
            f"{head.get('schema_version')}, not {SCHEMA_VERSION}."
        )
    if "contract" not in head:
        raise ContractError(
            f"Model {head.get('model_version')} is from before there were data contracts; "
            "run the pipeline again."
        )
    boosters: dict[str, Any] = {}
    for name in head["boosters"]:
        booster = xgboost.Booster({"nthread": threads})
        booster.load_model(bytearray(read(f"{name}.ubj")))
        boosters[name] = booster
    known, bought = head.get("intervals", {}), head.get("purchases")
    return Model(
        version=head["model_version"],
        features=tuple(head["features"]),
        categories=head["categories"],
        boosters=boosters,
        calibration=(np.array(head["calibration"]["x"]), np.array(head["calibration"]["y"])),
        # Models of before there were intervals have neither them nor a scale of engagement.
        engagement_scale=float(head.get("engagement", {}).get("scale", 1.0)),
        value_kind=head["value"]["kind"],
        value_scale=float(head["value"]["scale"]),
        intervals={t: Intervals.from_dict(known[t]) for t in (ENGAGEMENT, VALUE) if t in known},
        purchases=PurchaseModel.from_dict(bought) if bought else None,
        # Models of before there was a number for it were trained on gaps.
        missing=np.nan if head.get("missing") is None else float(head["missing"]),
        metadata=head,
        contract=parse(head["contract"]),
    )


def value_of(kind: str, outputs: Mapping[str, Doubles], anchor: Doubles | None) -> Doubles:
    """Expected value from the outputs of a form's boosters; `anchor` for the forms that correct one.

    Raises:
        ContractError: when an anchored form is without its anchor.
    """
    if kind == TWEEDIE:
        return outputs[VALUE]
    if kind in (ANCHORED, ANCHORED_BLEND):
        if anchor is None:
            raise ContractError("The model corrects expected purchases, which these features do not tell.")
        corrected: Doubles = outputs[VALUE_CORRECTION] * anchor
        if kind == ANCHORED:
            return corrected
        return (corrected + value_of(BLEND, outputs, None)) / 2
    product: Doubles = outputs[VALUE_PROBABILITY] * outputs[VALUE_AMOUNT]
    return product if kind == TWO_PART else (product + outputs[VALUE]) / 2


def feature_types(features: Sequence[str], categories: Mapping[str, Sequence[str]]) -> list[str]:
    """XGBoost's type letters: `c` for a category, `q` for a number."""
    return ["c" if name in categories else "q" for name in features]


def recode(codes: Floats, words: Sequence[str], categories: Sequence[str]) -> Floats:
    """Codes into `words` as codes into `categories`; words outside the categories and NaN become NaN."""
    position = {word: float(i) for i, word in enumerate(categories)}
    table = np.array([position.get(word, np.nan) for word in words] + [np.nan], dtype=np.float32)
    index = np.where(np.isnan(codes), len(words), codes).astype(np.int64)
    found: Floats = table[index]
    return found


def calibrate(probability: Doubles, points: tuple[Doubles, Doubles]) -> Doubles:
    """Maps raw probabilities through the calibration points, linearly between them."""
    found: Doubles = np.interp(probability, points[0], points[1])
    return found
