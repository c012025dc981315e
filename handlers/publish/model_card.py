"""The model card among the knowledge documents: how good the models that serve are, and compared with what.

The full card of a version, which the training task writes, is `models/<version>/card.md`.
"""

from typing import Any

from engage_ml.data_contract import DataContract
from engage_ml.model_card import importance, measure, quality

HEADLINES = {"churn": ("roc_auc", "ROC AUC"), "engagement": ("r2", "R2"), "value": ("gini", "Gini")}
"""The measure that says in a sentence how good the predictions of a target are."""


def model_card(contract: DataContract, run: dict[str, Any], evaluation: dict[str, Any]) -> str:
    """Metrics by target of model, champion and baselines on the test cut-off, and the gate's decision."""
    promoted = run["promote"]
    facts = [
        f"- Serves the predictions as of {run['as_of']}",
        f"- Trained in run {run['run_id']}: {promoted['challenger']}",
        f"- Promotion: {promoted['reason']}",
        "- Test: on a later period than training and validation, never by random split",
    ]
    headlines = [
        _sentence(name, entry) for name in HEADLINES if (entry := evaluation["targets"].get(name)) is not None
    ]
    parts = [
        f"# Model card: {promoted['model_version']}",
        "\n".join(facts),
        # In the words of the question, so that a search for it finds these lines.
        "## How good the model is\n\n" + "\n".join(headlines),
        *quality(contract, evaluation),
    ]
    if evaluation.get("importance"):
        parts.append(f"## Most important features\n\n{importance(evaluation['importance'])}")
    return "\n\n".join(parts) + "\n"


def _sentence(target: str, entry: dict[str, Any]) -> str:
    """How good the predictions of a target are, beside each baseline: all customers of the test period."""
    key, title = HEADLINES[target]
    beside = [
        f"baseline {name.replace('_', ' ')} {measure(measured['all'], key)}"
        for name, measured in (entry.get("baselines") or {}).items()
        if measured.get("all")
    ]
    ours = f"- {target.capitalize()}: {title} {measure(entry['challenger']['all'], key)}"
    return f"{ours}; {', '.join(beside)}" if beside else ours
