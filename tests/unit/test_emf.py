"""Metrics in log lines."""

import json
from typing import Any

import pytest

from engage_cli.local.monitoring.emf import Datum, parse


def line(**changes: Any) -> str:
    directive = {
        "Namespace": "Engage",
        "Dimensions": [["Environment"]],
        "Metrics": [{"Name": "Rows", "Unit": "Count"}],
    }
    document = {"_aws": {"Timestamp": 1_700_000_000_500, "CloudWatchMetrics": [directive]}}
    return json.dumps({**document, "Environment": "dev", "Rows": 3, **changes})


def test_a_line_carries_its_metrics_with_their_dimensions_and_time() -> None:
    assert parse(line()) == [Datum("Engage", "Rows", 3.0, "Count", {"Environment": "dev"}, 1_700_000_000.5)]


def test_several_values_and_sets_of_dimensions_are_as_many_data() -> None:
    directive = {"Namespace": "N", "Dimensions": [["A"], ["A", "B"], []], "Metrics": [{"Name": "m"}]}
    aws = {"Timestamp": 1000, "CloudWatchMetrics": [directive]}
    found = parse(json.dumps({"_aws": aws, "A": "a", "B": "b", "m": [1, 2.5]}))
    assert [(one.dimensions, one.value) for one in found] == [
        ({"A": "a"}, 1.0),
        ({"A": "a"}, 2.5),
        ({"A": "a", "B": "b"}, 1.0),
        ({"A": "a", "B": "b"}, 2.5),
        ({}, 1.0),
        ({}, 2.5),
    ]
    assert {one.unit for one in found} == {"None"}


@pytest.mark.parametrize(
    "text",
    [
        "plain text",
        '{"message": "no metric"}',
        '{"_aws": {"Timestamp": 1, "CloudWatchMetrics": [',
        line(Rows="three"),
        line(Rows=True),
        line(Rows=[1] * 101),
        '{"_aws": {"CloudWatchMetrics": []}}',
        '{"_aws": {"Timestamp": 1, "CloudWatchMetrics": [{"Namespace": "N", "Dimensions": [["Missing"]], '
        '"Metrics": [{"Name": "m"}]}]}, "m": 1}',
        '["_aws"]',
    ],
)
def test_a_line_that_is_none_or_a_wrong_one_is_only_a_line(text: str) -> None:
    assert parse(text) == []
