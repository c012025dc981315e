"""Fairness by group, the four-fifths rule, and proxies, on data with a planted answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engage_ml import fairness
from engage_ml.proxies import proxies

Groups = dict[str, dict[str, Any]]


def world(rates: dict[str, tuple[int, float]], seed: int = 3) -> tuple[list[str], Any, Any]:
    """Groups with (customers, share at high risk); who is at high risk leaves in 8 of 10 cases."""
    rng = np.random.default_rng(seed)
    words: list[str] = []
    chances: list[Any] = []
    for name, (count, share) in rates.items():
        words += [name] * count
        high = np.arange(count) < round(share * count)
        chances.append(np.where(high, 0.8, 0.1))
    chance = np.concatenate(chances)
    return words, (rng.random(len(chance)) < chance).astype(float), chance


def by_name(found: dict[str, Any]) -> Groups:
    return {group["group"]: group for group in found["groups"]}


def test_wilsons_interval_is_that_of_the_textbook() -> None:
    # 10 of 100: 0.0552 to 0.1744 (Newcombe 1998, method 3, and any statistics package).
    found = fairness.wilson(10, 100)
    assert found["rate"] == 0.1
    assert found["low"] == pytest.approx(0.05523, abs=1e-4)
    assert found["high"] == pytest.approx(0.17437, abs=1e-4)
    assert fairness.wilson(0, 50)["low"] == 0.0
    assert fairness.wilson(0, 0) == {"rate": None, "low": None, "high": None}


def test_groups_are_reported_with_rates_errors_and_calibration() -> None:
    words, outcome, chance = world({"a": (1000, 0.4), "b": (500, 0.4)})
    groups = by_name(fairness.audit(words, outcome, chance))
    a = groups["a"]
    assert a["customers"] == 1000
    assert a["high_risk"]["rate"] == 0.4
    assert a["predicted"] == pytest.approx(0.4 * 0.8 + 0.6 * 0.1)
    rows = np.array(words) == "a"
    left, selected = outcome[rows], chance[rows] >= 0.6
    assert a["observed"]["rate"] == pytest.approx(left.mean(), abs=1e-6)
    assert a["true_positive_rate"]["rate"] == pytest.approx(selected[left == 1].mean(), abs=1e-6)
    assert a["false_positive_rate"]["rate"] == pytest.approx(selected[left == 0].mean(), abs=1e-6)
    assert a["calibration_error"] < 0.05
    wrong = by_name(fairness.audit(words, outcome, np.full(len(words), 0.9)))
    assert wrong["a"]["calibration_error"] > 0.4, "it is said to be bad when it is"


def test_equal_selection_passes_and_half_as_much_is_below_four_fifths() -> None:
    fair = fairness.audit(*world({"a": (1000, 0.4), "b": (1000, 0.39)}))["four_fifths"]["high_risk"]
    assert (fair["verdict"], fair["reference"]) == ("pass", "a")
    unfair = fairness.audit(*world({"a": (1000, 0.4), "b": (1000, 0.2)}))["four_fifths"]["high_risk"]
    assert unfair["verdict"] == "below"
    assert unfair["lowest_ratio"] == 0.5
    (ratio,) = unfair["groups"]
    assert ratio["low"] < 0.5 < ratio["high"] < 0.8
    assert ratio["observed_ratio"] < 0.8, "here the customers differ, and the report says so"


def test_a_gap_that_may_be_chance_is_unclear_and_a_small_group_is_not_judged() -> None:
    unclear = fairness.audit(*world({"a": (2000, 0.1), "b": (120, 0.075)}))["four_fifths"]["high_risk"]
    assert unclear["verdict"] == "unclear"
    found = fairness.audit(*world({"a": (1000, 0.4), "b": (900, 0.4), "tiny": (40, 0.0)}))
    assert not by_name(found)["tiny"]["judged"]
    assert found["four_fifths"]["high_risk"]["verdict"] == "pass"
    alone = fairness.audit(*world({"a": (1000, 0.4), "tiny": (40, 0.0)}))["four_fifths"]["high_risk"]
    assert alone["verdict"] == "unknown"
    missing = fairness.audit(*world({"a": (1000, 0.4), "unknown": (900, 0.1)}))["four_fifths"]["high_risk"]
    assert missing["verdict"] == "unknown", "a missing answer is no group"


def test_nobody_selected_is_unknown_and_not_a_pass() -> None:
    found = fairness.audit(*world({"a": (1000, 0.0), "b": (1000, 0.0)}))["four_fifths"]["high_risk"]
    assert found["verdict"] == "unknown"


def test_groups_that_are_nearly_a_person_are_added_up() -> None:
    found = by_name(fairness.audit(*world({"a": (500, 0.4), "x": (4, 0.0), "y": (3, 0.0)})))
    assert set(found) == {"a", fairness.OTHER}
    assert found[fairness.OTHER]["customers"] == 7
    assert not found[fairness.OTHER]["judged"]


def test_the_top_decile_is_a_tenth_of_all_whatever_the_bands() -> None:
    found = fairness.audit(*world({"a": (1000, 0.5), "b": (1000, 0.1)}))
    selected = sum(g["top_decile"]["rate"] * g["customers"] for g in found["groups"])
    assert selected == pytest.approx(200, abs=0.01)


def features(seed: int, follow: float) -> tuple[Any, list[str]]:
    """Four noise features and one, `f4`, that goes with the group as far as `follow` says."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 2, 3000)
    matrix = rng.normal(0, 1, (3000, 5)).astype(np.float32)
    matrix[:, 4] += follow * group
    return matrix, [("f", "m")[at] for at in group]


NAMES = [f"f{n}" for n in range(5)]


def test_features_that_follow_a_protected_attribute_are_named_as_proxies() -> None:
    matrix, words = features(1, follow=2.0)
    found = proxies(matrix, NAMES, ["q"] * 5, words)
    assert found["verdict"] == "strong"
    assert found["auc"]["low"] > 0.8
    assert found["accuracy"] > found["base_rate"] + 0.2
    assert found["features"][0]["feature"] == "f4"
    assert found["features"][0]["share"] > 0.5


def test_features_that_do_not_follow_it_are_no_proxies_whatever_a_model_learns_by_heart() -> None:
    verdicts = []
    for seed in range(3):
        found = proxies(*(features(seed, 0.0)[0], NAMES, ["q"] * 5, features(seed, 0.0)[1]))
        verdicts.append(found["verdict"])
        assert abs(found["auc"]["value"] - 0.5) < 0.05
        assert found["features"] == []
    assert verdicts == ["none"] * 3


def test_one_group_alone_has_no_proxies_to_ask_for() -> None:
    matrix, words = features(1, 2.0)
    assert proxies(matrix, NAMES, ["q"] * 5, ["m" for _ in words])["verdict"] == "unknown"
    mixed = proxies(matrix, NAMES, ["q"] * 5, ["unknown" if w == "f" else w for w in words])
    assert mixed["verdict"] == "unknown"


def test_a_group_that_the_sample_hardly_holds_is_left_out_and_ends_nothing() -> None:
    rng = np.random.default_rng(1)
    words = ["a"] * 60_000 + ["b"] * 60_000 + ["rare"] * 110
    matrix = rng.normal(size=(len(words), 2)).astype(np.float32)
    found = proxies(matrix, ("x", "y"), ("q", "q"), words)
    assert found["verdict"] == "none"
    assert found["rows"] < 6000
