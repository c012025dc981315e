"""What goes with a trained version so that it can be trusted: the fairness report in its evaluation, the
reference that drift is measured on, the edge of its segments, and its card.

Written before `model.json`, so that a complete version has them all. Reads the churn test cut-off, from after
everything that the model learnt from, and the training cut-offs of churn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import fairness, histograms, segments
from .blocks import FeatureBlock
from .contract import SplitPlan
from .drift import REFERENCE_VERSION
from .features import group_column
from .held_out import Said
from .model_card import version_card
from .proxies import proxies
from .registry import MODELS, Store
from .score import Model, Predictions, feature_types
from .tables import Snapshot, read_block, read_words

REFERENCE, CARD = "reference.json", "card.md"
HEADLINE: Mapping[str, tuple[str, str, str]] = {
    "churn_roc_auc": ("churn", "all", "roc_auc"),
    "churn_roc_auc_recent": ("churn", "recent", "roc_auc"),
    "churn_calibration_error": ("churn", "all", "calibration_error"),
    "engagement_mae": ("engagement", "all", "mae"),
    "engagement_r2": ("engagement", "all", "r2"),
    "value_gini": ("value", "all", "gini"),
    "value_mae": ("value", "all", "mae"),
}
"""Measures of `evaluate.headline` whose intervals are kept with the model: target, population, measure."""


def compile_dossier(
    store: Store, root: Path, said: Said, evaluation: dict[str, Any], threads: int = 1
) -> None:
    """Adds `fairness` to the evaluation and `segments` to the model's metadata, and stores `reference.json`
    and `card.md` beside where the model will be.

    Raises:
        ContractError: when a cut-off or a column of groups is missing under `root`.
    """
    model, plan = said.model, said.rows.plan
    test, predictions = said.rows.snapshot("churn"), said.of("churn")
    evaluation["fairness"] = _fairness(root, plan, model, test, predictions, threads)
    model.metadata |= {
        "segments": _segments(model, test.block, predictions),
        "decision": dict(evaluation["decision"]),
        "metric_intervals": intervals(evaluation),
    }
    reference = _reference(root, plan, model, test, predictions, threads)
    card = version_card(model.contract, {**model.metadata, "model_version": model.version}, evaluation)
    folder = f"{MODELS}{model.version}/"
    store.put(folder + REFERENCE, json.dumps(reference, sort_keys=True).encode())
    store.put(folder + CARD, card.encode())


def _reference(
    root: Path, plan: SplitPlan, model: Model, test: Snapshot, predictions: Predictions, threads: int
) -> dict[str, Any]:
    """The reference on the cut-offs of churn: training, validation, test; predictions on the last two, which
    the model did not learn from.
    """
    learnt, validated, tested = plan.train["churn"], plan.validation["churn"], plan.test["churn"]
    past = {day: read_block(root / f"cutoff={day}", model.dictionary)[0] for day in (*learnt, validated)} | {
        tested: test.block
    }
    said = {validated: model.predict(past[validated], threads), tested: predictions}
    facts = {
        "model_version": model.version,
        "as_of": plan.as_of.isoformat(),
        "cutoffs": {"features": [day.isoformat() for day in learnt], "test": tested.isoformat()},
    }
    predicted = {
        day: {name: getattr(at, name) for name in histograms.PREDICTIONS} for day, at in said.items()
    }
    return histograms.make_reference(model.contract, model.features, learnt, past, predicted, facts)


def intervals(evaluation: Mapping[str, Any]) -> dict[str, list[float]]:
    """The 95 % intervals of the headline's measures, as far as the evaluation has them."""
    found = {}
    for name, (target, population, measure) in HEADLINE.items():
        around = (evaluation["targets"][target]["challenger"][population].get("ci") or {}).get(measure)
        if around is not None:
            found[name] = [float(end) for end in around]
    return found


def _fairness(
    root: Path, plan: SplitPlan, model: Model, test: Snapshot, predictions: Predictions, threads: int
) -> dict[str, Any]:
    contract, day = model.contract, plan.test["churn"].isoformat()
    columns = {a.name: group_column(a.name) for a in contract.audited}
    words = read_words(root / f"cutoff={day}", list(columns.values())) if columns else {}
    matrix = model.matrix(test.block)
    types = feature_types(model.features, model.categories)
    protected = {a.name for a in contract.protected}
    found: dict[str, Any] = {}
    for name, column in columns.items():
        groups = words[column]
        found[name] = {
            "protected": name in protected,
            **fairness.audit(groups, test.label, predictions.churn_probability),
            # An attribute that the model reads itself needs no other feature to stand for it.
            "proxies": proxies(matrix, model.features, types, groups, threads=threads)
            if name in protected
            else None,
        }
    return {
        "cutoff": day,
        "rows": len(test.label),
        "minimum_group": fairness.MIN_GROUP,
        "attributes": found,
    }


def _segments(model: Model, block: FeatureBlock, predictions: Predictions) -> dict[str, Any]:
    contract = model.contract
    active = block.column(f"active_weeks_{contract.recent_weeks}") > 0
    value = block.column(f"{contract.value}_12w").astype(float)
    edge = segments.edge_of_value(contract, predictions.expected_value, value, active)
    return {"edge_of_value": edge, "quantile": segments.VALUABLE_QUANTILE}


def read_reference(store: Store, version: str) -> dict[str, Any] | None:
    """The reference of a version, or None for one from before there were references of this kind."""
    try:
        found: dict[str, Any] = json.loads(store.get(f"{MODELS}{version}/{REFERENCE}"))
    except KeyError:
        return None
    return found if found["schema_version"] == REFERENCE_VERSION else None
