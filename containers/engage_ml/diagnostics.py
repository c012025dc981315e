"""What the report shows of a model beside its scores: SHAP values of churn and residuals of the amounts, on
the rows of each target's test cut-off. The training task adds it to `evaluation.json`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .contract import LABELS, SplitPlan
from .residuals import residual_summary
from .score import Model
from .shap_summary import shap_summary
from .tables import read_snapshot


def diagnostics(root: Path, plan: SplitPlan, model: Model, seed: int, threads: int) -> dict[str, Any]:
    """The keys `shap` (`shap_summary`) and `residuals` (by target: `cutoff` and `residual_summary`).

    Raises:
        ContractError: when a test cut-off is missing under `root`.
    """
    residuals: dict[str, Any] = {}
    shap: dict[str, Any] = {}
    for target, label in LABELS.items():
        day = plan.test[target].isoformat()
        test = read_snapshot(root, model.dictionary, day, label)
        if target == "churn":
            shap = shap_summary(model, test.block, cutoff=day, seed=seed, threads=threads)
            continue
        found = model.predict(test.block, threads)
        predicted = found.expected_engagement if target == "engagement" else found.expected_value
        residuals[target] = {"cutoff": day, **residual_summary(test.label, predicted)}
    return {"shap": shap, "residuals": residuals}
