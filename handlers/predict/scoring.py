"""Score feature blocks with the served model, with reasons: the part of an answer that is worth caching.

NumPy and XGBoost are imported when the first prediction is made: a request that the cache answers
does not wait for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engage_ml.blocks import FeatureBlock
    from engage_ml.score import Model


def score(model: Model, blocks: list[FeatureBlock], as_of: str) -> list[dict[str, Any]]:
    """One row for each customer of the blocks, the same numbers as in the predictions table."""
    from engage_ml.answers import answer_rows

    return list(answer_rows(model, blocks, as_of))


def score_features(model: Model, features: dict[str, float | str | None], as_of: str) -> dict[str, Any]:
    """The prediction for feature values; those left out (or null) are those of a typical customer."""
    from engage_ml.blocks import block_from_features

    block = block_from_features(model.dictionary, features, model.metadata.get("typical"))
    return {
        **score(model, [block], as_of)[0],
        "customer_id": None,
    }
