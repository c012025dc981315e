"""A trained model and its predictions. NumPy and XGBoost only: the predict handler has neither pandas nor
pyarrow.

Formulas: churn probability = calibration(sigmoid(margin)), linear between the stored points; engagement =
output of a logistic-link regression, clipped to 0..1; value = scale * Tweedie output, or scale * P(spend >
0) * E(spend | spend > 0), whichever won on the validation cut-off (`model.json`, `value.kind`).
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
from .words import Builder, builders

Doubles = NDArray[np.float64]
ENGAGEMENT, CHURN, VALUE = "engagement", "churn", "value"
VALUE_PROBABILITY, VALUE_AMOUNT = "value_probability", "value_amount"


@dataclass(frozen=True)
class Predictions:
    """One entry per row: probability of churn, share of the next 28 days active, spend in the next 12 weeks
    (USD).
    """

    churn_probability: Doubles
    expected_engagement: Doubles
    expected_value: Doubles


@dataclass
class Model:
    """Boosters by name with what is needed to use them, from `load_model` or `train.train_models`."""

    version: str
    features: tuple[str, ...]
    categories: Mapping[str, Sequence[str]]
    calibration: tuple[Doubles, Doubles]
    value_kind: str
    value_scale: float
    boosters: Mapping[str, Any]
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

        A category that training never saw becomes missing.

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
        return found

    def predict(self, block: FeatureBlock, threads: int = 1) -> Predictions:
        """Predictions for each row of the block."""
        return self.predict_matrix(self.data(self.matrix(block), threads))

    def data(self, matrix: Floats, threads: int = 1) -> Any:
        """The matrix as XGBoost's own structure; it can be shared by `predict_matrix` and
        `explain.contributions`.
        """
        xgboost = load_xgboost()

        types = feature_types(self.features, self.categories)
        return xgboost.DMatrix(matrix, feature_types=types, enable_categorical=True, nthread=threads)

    def predict_matrix(self, data: Any) -> Predictions:
        """Predictions for the rows of `data`."""
        churn = self.boosters[CHURN].predict(data).astype(np.float64)
        engagement = self.boosters[ENGAGEMENT].predict(data).astype(np.float64)
        if self.value_kind == "two_part":
            chance = self.boosters[VALUE_PROBABILITY].predict(data).astype(np.float64)
            value = chance * self.boosters[VALUE_AMOUNT].predict(data).astype(np.float64)
        else:
            value = self.boosters[VALUE].predict(data).astype(np.float64)
        return Predictions(
            churn_probability=np.clip(calibrate(churn, self.calibration), 0.0, 1.0),
            expected_engagement=np.clip(engagement, 0.0, 1.0),
            expected_value=np.maximum(value * self.value_scale, 0.0),
        )

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
            "value": {"kind": self.value_kind, "scale": self.value_scale},
            "boosters": sorted(self.boosters),
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
    boosters: dict[str, Any] = {}
    for name in head["boosters"]:
        booster = xgboost.Booster({"nthread": threads})
        booster.load_model(bytearray(read(f"{name}.ubj")))
        boosters[name] = booster
    return Model(
        version=head["model_version"],
        features=tuple(head["features"]),
        categories=head["categories"],
        calibration=(np.array(head["calibration"]["x"]), np.array(head["calibration"]["y"])),
        value_kind=head["value"]["kind"],
        value_scale=float(head["value"]["scale"]),
        boosters=boosters,
        metadata=head,
        contract=parse(head["contract"]),
    )


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
