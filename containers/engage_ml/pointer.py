"""The champion pointer `models/champion.json`: which version serves, since when, and by whose decision.

One object, so that it changes in one put, with its own history in it: pointer and history cannot disagree.
`before` is the stack of the champions that this one replaced, newest last; a rollback takes one off. Standard
library only: the promote handler writes it as a run, the command line for a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from . import SCHEMA_VERSION
from .contract import ContractError

CHAMPION_KEY = "models/champion.json"
KEPT = 100
"""Moves that are remembered; with one a week, two years."""


@dataclass(frozen=True)
class Champion:
    """The pointer to the model that serves. `metrics` are the few numbers of its own evaluation."""

    model_version: str
    run_id: str
    as_of: str
    promoted_at: str
    metrics: Mapping[str, Any]
    reason: str = ""
    by: str = ""
    before: Sequence[Mapping[str, Any]] = ()
    """The champions before: `model_version`, `run_id`, `as_of`, `metrics`."""
    history: Sequence[Mapping[str, Any]] = field(default=())
    """Every move, oldest first: `at`, `by`, `action`, `from`, `to`, `reason`."""

    def to_dict(self) -> dict[str, Any]:
        """The document."""
        return {
            "schema_version": SCHEMA_VERSION,
            **vars(self),
            "metrics": dict(self.metrics),
            "before": [dict(b) for b in self.before],
            "history": [dict(h) for h in self.history],
        }


def parse(document: Mapping[str, Any]) -> Champion:
    """The pointer of a document; one from before there was a history has none.

    Raises:
        ContractError: when it has an unknown schema version.
    """
    if document.get("schema_version") != SCHEMA_VERSION:
        raise ContractError(f"The champion pointer has schema version {document.get('schema_version')}.")
    names = ("model_version", "run_id", "as_of", "promoted_at", "metrics")
    optional = ("reason", "by", "before", "history")
    return Champion(
        **{name: document[name] for name in names},
        **{name: document[name] for name in optional if name in document},
    )


def promoted(
    current: Champion | None,
    version: str,
    run_id: str,
    as_of: str,
    metrics: Mapping[str, Any],
    *,
    reason: str,
    by: str,
    now: datetime | None = None,
) -> Champion:
    """The pointer after a version has become champion; the present one goes onto the stack."""
    at = _moment(now)
    before = [] if current is None else [*current.before, _kept(current)]
    move = _move(at, by, "promote", current, version, reason)
    history = [*(current.history if current else ()), move][-KEPT:]
    return Champion(version, run_id, as_of, at, metrics, reason, by, before[-KEPT:], history)


def rolled_back(
    current: Champion, skip: Sequence[str], *, reason: str, by: str, now: datetime | None = None
) -> Champion:
    """The pointer after a rollback: the last champion before that is none of `skip` (versions that cannot
    serve).

    Raises:
        ContractError: when there is none left.
    """
    stack = list(current.before)
    while stack and stack[-1]["model_version"] in skip:
        stack.pop()
    if not stack:
        raise ContractError(f"There is no champion before {current.model_version} that could serve.")
    target = stack.pop()
    at = _moment(now)
    move = _move(at, by, "rollback", current, target["model_version"], reason)
    return Champion(
        **{name: target[name] for name in ("model_version", "run_id", "as_of", "metrics")},
        promoted_at=at,
        reason=reason,
        by=by,
        before=stack,
        history=[*current.history, move][-KEPT:],
    )


def _kept(champion: Champion) -> dict[str, Any]:
    return {
        "model_version": champion.model_version,
        "run_id": champion.run_id,
        "as_of": champion.as_of,
        "metrics": dict(champion.metrics),
    }


def _move(
    at: str, by: str, action: str, current: Champion | None, version: str, reason: str
) -> dict[str, Any]:
    before = None if current is None else current.model_version
    return {"at": at, "by": by, "action": action, "from": before, "to": version, "reason": reason}


def _moment(now: datetime | None) -> str:
    return (now or datetime.now(UTC)).isoformat(timespec="seconds").replace("+00:00", "Z")
