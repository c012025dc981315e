"""Versions as people see them. Pure: documents of the registry in, rows out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engage_ml.pointer import Champion

    from engage_cli.cost.model import Total
    from engage_cli.cost.usage import Usage

SHOWN = (
    ("churn_roc_auc", "churn AUC"),
    ("engagement_mae", "engagement MAE"),
    ("value_gini", "value Gini"),
)
"""Measures of the list, with their titles."""


@dataclass(frozen=True)
class Version:
    """One trained version. `intervals` are 95 % intervals of `metrics`, where they were measured."""

    version: str
    run_id: str
    as_of: str
    data_window: tuple[str, str] | None
    metrics: Mapping[str, float | None]
    intervals: Mapping[str, Sequence[float]] = field(default_factory=dict)
    features: int = 0
    code_version: str | None = None
    champion: bool = False
    promoted_at: str | None = None
    reason: str | None = None
    """Why it was promoted, or why not."""

    def to_json(self) -> dict[str, Any]:
        window = self.data_window
        return {
            **vars(self),
            "data_window": None if window is None else {"from": window[0], "until": window[1]},
            "metrics": dict(self.metrics),
            "intervals": {name: list(around) for name, around in self.intervals.items()},
        }


def version_of(model: Mapping[str, Any], champion: "Champion | None") -> Version:
    """The row of a version, from its `model.json` and the pointer."""
    name = str(model["model_version"])
    window = model.get("data_window")
    move = last_move(champion, name)
    decision = model.get("decision") or {}
    return Version(
        version=name,
        run_id=str(model.get("run_id") or ""),
        as_of=str(model.get("as_of") or ""),
        data_window=(window["from"], window["until"]) if window else None,
        metrics=model.get("metrics") or {},
        intervals=model.get("metric_intervals") or {},
        features=len(model.get("features") or ()),
        code_version=model.get("code_version"),
        champion=champion is not None and champion.model_version == name,
        promoted_at=None if move is None else str(move["at"]),
        reason=str(move["reason"]) if move else decision.get("reason"),
    )


def last_move(champion: "Champion | None", version: str) -> Mapping[str, Any] | None:
    """The last time that the pointer was moved to a version."""
    moves = champion.history if champion else ()
    return next((move for move in reversed(moves) if move["to"] == version), None)


def story(found: Version, champion: "Champion | None") -> list[str]:
    """What became of a version, in sentences: when it was promoted, by whom and why, and what replaced it."""
    moves = champion.history if champion else ()
    said = []
    for move in moves:
        who = f"on {_day(move['at'])} by {_who(str(move['by']))}: {str(move['reason']).rstrip('.')}."
        back = move["action"] == "rollback"
        if move["to"] == found.version:
            how = "became champion again by a rollback" if back else "was promoted"
            said.append(f"It {how} {who}")
        elif move["from"] == found.version:
            how = "rolled back to" if back else "replaced by"
            said.append(f"It was {how} {move['to']} {who}")
    if not said:
        if found.champion:
            return ["When it was promoted is no longer remembered."]
        return [f"It was never promoted{f': {found.reason}' if found.reason else '.'}"]
    return said


def state(found: Version, champion: "Champion | None") -> str:
    """The first sentence about a version: whether it is, was, or never was the champion."""
    if found.champion:
        return f"{found.version} is the champion."
    was = last_move(champion, found.version) is not None
    return f"{found.version} is {'a former champion' if was else 'not the champion'}."


def _day(moment: str) -> str:
    """A moment of the history as people read it: "2026-11-25 12:00 UTC"."""
    return f"{moment[:10]} {moment[11:16]} UTC"


def _who(by: str) -> str:
    """Who moved the pointer: a person by the last part of the ARN, or a run by its id."""
    return by.rsplit(":", 1)[-1] if by.startswith("arn:") else by.removeprefix("run ")


def measure(version: Version, name: str) -> str:
    """A measure with half of its interval, as the list shows it."""
    value, around = version.metrics.get(name), version.intervals.get(name)
    if value is None:
        return "-"
    return f"{value:.3f}" + (f" ±{(around[1] - around[0]) / 2:.3f}" if around else "")


def rows(versions: Iterable[Version]) -> list[tuple[str, ...]]:
    """The cells of the list, one tuple a version."""
    return [
        (
            f"{'* ' if v.champion else '  '}{v.version}",
            " to ".join(v.data_window) if v.data_window else "unknown",
            *(measure(v, name) for name, _ in SHOWN),
            (v.promoted_at or "no")[:10],
        )
        for v in versions
    ]


def training_cost(usage: "Usage") -> "Total":
    """What the training task of a run would cost, from its metered usage at list prices."""
    from engage_cli.cost import model, pricebook

    trained = [r for r in usage.records if r.detail.split(":")[0].endswith("-training")]
    return model.total(model.price(trained, pricebook.load()))
