"""Moving the champion pointer by hand: what is checked before, what it becomes, and what that means.

Checks and moves are functions of documents; `Registry` (in `aws/models.py`) reads and writes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engage_ml.contract import ContractError
from engage_ml.pointer import Champion, promoted, rolled_back

from engage_cli.errors import UserError


class Models(Protocol):
    """What a move must know: whole versions, the pointer, and what is published."""

    def document(self, version: str) -> dict[str, Any] | None:
        """The `model.json` of a version; None when there is none."""

    def missing_files(self, version: str, model: Mapping[str, Any]) -> list[str]:
        """Files that the version should have and has not."""

    def published(self) -> dict[str, Any] | None:
        """`online/current.json`; None before the first run has finished."""


@dataclass(frozen=True)
class Move:
    """A new pointer, and the versions that a rollback passed over with the reason for each."""

    champion: Champion
    skipped: Sequence[tuple[str, str]] = ()


def promotion(models: Models, current: Champion | None, version: str, *, reason: str, by: str) -> Move:
    """The pointer at `version`. Raises UserError when that version cannot serve, or serves already."""
    if current is not None and current.model_version == version:
        raise UserError(f"{version} is the champion already.", hint="Nothing is to be done.")
    problem = problem_of(models, version)
    if problem:
        raise UserError(f"{version} cannot serve: {problem}.", hint="List the versions: engage models")
    model = models.document(version) or {}
    return Move(
        promoted(
            current, version, str(model["run_id"]), str(model["as_of"]), model.get("metrics") or {},
            reason=reason, by=by,
        )
    )  # fmt: skip


def rollback(models: Models, current: Champion | None, *, reason: str, by: str) -> Move:
    """The pointer at the champion before this one; versions that cannot serve are passed over.

    Raises UserError when there is none.
    """
    if current is None:
        raise UserError("There is no champion yet.", hint="Run: engage run-pipeline")
    found = [(str(b["model_version"]), problem_of(models, str(b["model_version"]))) for b in current.before]
    unusable = {version: problem for version, problem in found if problem}
    try:
        moved = rolled_back(current, tuple(unusable), reason=reason, by=by)
    except ContractError as exc:
        raise UserError(str(exc), hint="List the versions: engage models") from exc
    passed = [str(b["model_version"]) for b in current.before[len(moved.before) + 1 :]]
    return Move(moved, [(version, unusable[version]) for version in reversed(passed)])


def problem_of(models: Models, version: str) -> str | None:
    """Why a version cannot serve; None when it can."""
    model = models.document(version)
    if model is None:
        return "there is no such (complete) version"
    missing = models.missing_files(version, model)
    if missing:
        return f"its file {missing[0]} is missing"
    published = models.published()
    if published is None:
        return "nothing has been published yet, so there is no data to serve"
    if "contract" not in model:
        return "it is from before there were data contracts"
    serving = models.document(str(published["model_version"]))
    if serving is not None and serving.get("contract") != model["contract"]:
        return "it was trained under another data contract than the published data's"
    return None


def meaning(champion: Champion, published: Mapping[str, Any] | None) -> str:
    """What a move changes and what it does not, in words."""
    said = (
        f"{champion.model_version} predicts from the next run on (engage run-pipeline), unless the model "
        "that the run trains wins against it."
    )
    if published is not None:
        said += (
            f" What is published now, as of {published['as_of']}, stays as it is in the tables and in "
            f"the API: predictions of {published['model_version']}."
        )
    return said
