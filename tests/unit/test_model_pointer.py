"""The champion pointer: promotion, rollback, history, and what a person may not do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from engage_ml import pointer
from engage_ml.contract import ContractError

from engage_cli.errors import UserError
from engage_cli.models import moves, versions

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
CONTRACT = {"name": "shop"}


def promoted(current: pointer.Champion | None, version: str) -> pointer.Champion:
    return pointer.promoted(
        current, version, version.replace("m-", "run-"), "2026-11-23", {"churn_roc_auc": 0.9},
        reason="It won.", by="run x", now=NOW,
    )  # fmt: skip


def three() -> pointer.Champion:
    """A, then B, then C."""
    return promoted(promoted(promoted(None, "m-a"), "m-b"), "m-c")


@dataclass
class Registry:
    """Versions in memory."""

    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)
    served: str | None = "m-c"

    def document(self, version: str) -> dict[str, Any] | None:
        return self.models.get(version)

    def missing_files(self, version: str, model: Mapping[str, Any]) -> list[str]:
        return self.missing.get(version, [])

    def published(self) -> dict[str, Any] | None:
        return None if self.served is None else {"model_version": self.served, "as_of": "2026-11-23"}


def registry(*names: str) -> Registry:
    return Registry(
        {
            name: {
                "model_version": name,
                "run_id": f"run-{name}",
                "as_of": "2026-11-16",
                "contract": CONTRACT,
            }
            for name in names
        }
    )


def test_the_document_is_read_back_as_it_was_written() -> None:
    assert pointer.parse(three().to_dict()) == three()
    with pytest.raises(ContractError, match="schema version 7"):
        pointer.parse({**three().to_dict(), "schema_version": 7})


def test_a_pointer_from_before_there_was_a_history_can_be_read_and_moved() -> None:
    old = {
        "schema_version": 1, "model_version": "m-a", "run_id": "run-a", "as_of": "2026-11-16",
        "promoted_at": "2026-11-16T08:00:00Z", "metrics": {},
    }  # fmt: skip
    moved = promoted(pointer.parse(old), "m-b")
    assert [b["model_version"] for b in moved.before] == ["m-a"]
    assert pointer.rolled_back(moved, (), reason="", by="", now=NOW).model_version == "m-a"


def test_a_rollback_goes_to_the_champion_before_and_again_further_back() -> None:
    once = pointer.rolled_back(three(), (), reason="It was wrong.", by="ann", now=NOW)
    assert (once.model_version, once.run_id, once.metrics) == ("m-b", "run-b", {"churn_roc_auc": 0.9})
    twice = pointer.rolled_back(once, (), reason="So was that.", by="ann", now=NOW)
    assert twice.model_version == "m-a"
    with pytest.raises(ContractError, match="no champion before m-a"):
        pointer.rolled_back(twice, (), reason="", by="ann")
    told = [(m["action"], m["from"], m["to"], m["by"], m["at"]) for m in twice.history[-2:]]
    assert told == [
        ("rollback", "m-c", "m-b", "ann", "2026-11-25T12:00:00Z"),
        ("rollback", "m-b", "m-a", "ann", "2026-11-25T12:00:00Z"),
    ]
    assert len(twice.history) == 5, "nothing that happened is forgotten"


def test_the_history_does_not_grow_for_ever() -> None:
    champion = None
    for number in range(pointer.KEPT + 20):
        champion = promoted(champion, f"m-{number}")
    assert champion is not None
    assert len(champion.history) == len(champion.before) == pointer.KEPT
    assert champion.history[-1]["to"] == champion.model_version


def test_a_version_can_be_promoted_by_hand_and_says_who_did_it() -> None:
    move = moves.promotion(registry("m-b", "m-c"), three(), "m-b", reason="C annoys people.", by="arn:ann")
    assert move.champion.model_version == "m-b"
    assert move.champion.as_of == "2026-11-16"
    last = move.champion.history[-1]
    assert (last["from"], last["to"], last["by"], last["reason"]) == (
        "m-c",
        "m-b",
        "arn:ann",
        "C annoys people.",
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": "m-c"}, "is the champion already"),
        ({"version": "m-zzz"}, "no such .complete. version"),
        ({"missing": {"m-b": ["churn.ubj"]}}, "its file churn.ubj is missing"),
        ({"served": None}, "nothing has been published yet"),
        ({"contract": {"name": "another shop"}}, "another data contract"),
    ],
)
def test_a_version_that_cannot_serve_is_refused(change: dict[str, Any], said: str) -> None:
    known = registry("m-b", "m-c")
    known.missing = change.get("missing", {})
    known.served = change.get("served", "m-c")
    known.models["m-b"]["contract"] = change.get("contract", CONTRACT)
    with pytest.raises(UserError, match=said):
        moves.promotion(known, three(), change.get("version", "m-b"), reason="", by="ann")


def test_a_rollback_passes_over_versions_that_cannot_serve_and_says_so() -> None:
    known = registry("m-a", "m-c")
    move = moves.rollback(known, three(), reason="", by="ann")
    assert move.champion.model_version == "m-a"
    assert move.skipped == [("m-b", "there is no such (complete) version")]
    with pytest.raises(UserError, match="no champion before"):
        moves.rollback(registry("m-c"), three(), reason="", by="ann")
    with pytest.raises(UserError, match="no champion yet"):
        moves.rollback(known, None, reason="", by="ann")


def test_what_a_move_changes_and_what_it_leaves_is_said() -> None:
    said = moves.meaning(three(), {"as_of": "2026-11-23", "model_version": "m-b"})
    assert "m-c predicts from the next run on" in said
    assert "stays as it is in the tables and in the API: predictions of m-b" in said


def test_the_list_shows_intervals_the_champion_and_why_a_version_lost() -> None:
    model = {
        "model_version": "m-c", "run_id": "run-c", "as_of": "2026-11-23",
        "data_window": {"from": "2025-11-24", "until": "2026-11-23"},
        "metrics": {"churn_roc_auc": 0.91234, "value_gini": None},
        "metric_intervals": {"churn_roc_auc": [0.9, 0.925]}, "features": ["a", "b"],
        "decision": {"promote": False, "reason": "The champion stays."},
    }  # fmt: skip
    champion = versions.version_of(model, three())
    assert (champion.champion, champion.features) == (True, 2)
    assert (champion.promoted_at, champion.reason) == ("2026-11-25T12:00:00Z", "It won.")
    (cells,) = versions.rows([champion])
    assert cells[0] == "* m-c"
    assert cells[1] == "2025-11-24 to 2026-11-23"
    assert cells[2] == "0.912 ±0.013"
    assert cells[4] == "-"
    assert sum(len(cell) + 2 for cell in cells) <= 120, "the width of a page that is no terminal"
    lost = versions.version_of({**model, "model_version": "m-lost"}, three())
    assert (lost.champion, lost.promoted_at, lost.reason) == (False, None, "The champion stays.")


def test_what_became_of_a_version_is_told_in_words() -> None:
    def told(name: str, champion: pointer.Champion, reason: str = "The champion stays.") -> list[str]:
        found = versions.version_of({"model_version": name, "decision": {"reason": reason}}, champion)
        return [versions.state(found, champion), *versions.story(found, champion)]

    assert told("m-b", three()) == [
        "m-b is a former champion.",
        "It was promoted on 2026-11-25 12:00 UTC by x: It won.",
        "It was replaced by m-c on 2026-11-25 12:00 UTC by x: It won.",
    ]
    by = "arn:aws:iam::000000000000:user/ann"
    back = pointer.rolled_back(three(), (), reason="C annoys people.", by=by, now=NOW)
    assert told("m-c", back)[-1] == (
        "It was rolled back to m-b on 2026-11-25 12:00 UTC by user/ann: C annoys people."
    )
    assert told("m-b", back)[0] == "m-b is the champion."
    assert told("m-b", back)[-1].startswith("It became champion again by a rollback on 2026-11-25")
    assert told("m-lost", three()) == [
        "m-lost is not the champion.",
        "It was never promoted: The champion stays.",
    ]
