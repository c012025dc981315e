"""Champion or challenger: who serves from now on. Pure, on the numbers of `evaluation.json`; standard
library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Z = 1.96
TOLERANCE = 0.005
"""A loss this share above the champion's is still "not worse": beyond any use, however small the noise."""
_LOSS = {"churn": "log loss", "engagement": "squared error", "value": "Tweedie deviance"}


@dataclass(frozen=True)
class Decision:
    """Whether the challenger becomes champion, and why, in one sentence."""

    promote: bool
    reason: str

    def to_dict(self) -> dict[str, Any]:
        return {"promote": self.promote, "reason": self.reason}


def difference(challenger_loss: Any, champion_loss: Any) -> dict[str, float]:
    """Mean of (challenger's - champion's) loss per row with its standard error and the champion's mean loss.

    The rows are the same customers, so the pairing removes most of the noise.
    """
    gap = challenger_loss - champion_loss
    rows = len(gap)
    error = float(gap.std(ddof=1)) / rows**0.5 if rows > 1 else 0.0
    return {"mean": float(gap.mean()), "standard_error": error, "champion_loss": float(champion_loss.mean())}


def gate(
    differences: Mapping[str, Mapping[str, float]] | None, as_of: str, champion_as_of: str | None
) -> Decision:
    """Decides from the paired loss differences by target (None: there is no champion).

    A challenger is worse at a target when the 95 % interval of its extra loss lies wholly above half a
    percent of the champion's loss. It is promoted unless it is worse at any target, or older than the
    champion: a champion that has learnt from later data has seen the outcomes of this test set, so that a
    comparison would mean nothing.
    """
    if differences is None or champion_as_of is None:
        return Decision(True, "This is the first model: there is no champion to compare with.")
    if champion_as_of > as_of:
        return Decision(
            False, f"The champion knows data up to {champion_as_of}, later than this run's {as_of}; it stays."
        )
    worse, better = [], []
    for target, gap in differences.items():
        low = gap["mean"] - Z * gap["standard_error"]
        high = gap["mean"] + Z * gap["standard_error"]
        allowed = TOLERANCE * abs(gap["champion_loss"])
        share = 100 * gap["mean"] / gap["champion_loss"] if gap["champion_loss"] else 0.0
        text = f"{target} ({_LOSS.get(target, 'loss')} {share:+.1f} %)"
        if low > allowed:
            worse.append(text)
        elif high < 0:
            better.append(text)
    if worse:
        return Decision(
            False, f"The champion stays: the challenger is worse beyond noise at {', '.join(worse)}."
        )
    if better:
        return Decision(
            True, f"The challenger is better beyond noise at {', '.join(better)} and worse at nothing."
        )
    if as_of == champion_as_of:
        return Decision(True, "The challenger is as good as the champion, trained as of the same date.")
    return Decision(True, "The challenger is not worse than the champion beyond noise and knows newer data.")
