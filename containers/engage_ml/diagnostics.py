"""What the report shows of a model beside its scores: SHAP values of churn and residuals of the amounts, on
the rows of each target's test cut-off. The training task adds it to `evaluation.json`.
"""

from __future__ import annotations

from typing import Any

from .contract import LABELS
from .held_out import Said
from .residuals import residual_summary
from .shap_summary import shap_summary


def diagnostics(said: Said, seed: int, threads: int) -> dict[str, Any]:
    """The keys `shap` (`shap_summary`) and `residuals` (by target: `cutoff` and `residual_summary`) of a
    model.

    Raises:
        ContractError: when a test cut-off is missing.
    """
    residuals: dict[str, Any] = {}
    shap: dict[str, Any] = {}
    for target in LABELS:
        day = said.rows.plan.test[target].isoformat()
        test = said.rows.snapshot(target)
        if target == "churn":
            shap = shap_summary(said.model, test.block, cutoff=day, seed=seed, threads=threads)
            continue
        found = said.of(target)
        predicted = found.expected_engagement if target == "engagement" else found.expected_value
        residuals[target] = {"cutoff": day, **residual_summary(test.label, predicted)}
    return {"shap": shap, "residuals": residuals}
