"""The checks in front of MiniStack: what they read, that they accept what is right, and their limits."""

import json
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_cli.local.validation import asl, policies, requests, resources, rules, shapes, templates
from engage_cli.local.validation.refusal import Refused
from tests.waiting import until

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
DEFINITIONS = sorted((ROOT / "infra" / "cloudformation").glob("*.asl.json"))
TEMPLATES = sorted((ROOT / "infra" / "cloudformation").glob("*.yaml"))


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.name)
def test_our_state_machines_are_accepted(path: Path) -> None:
    assert asl.problems(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_our_templates_are_accepted(path: Path) -> None:
    assert templates.check_template(path.read_text(encoding="utf-8"))["Resources"]


def test_the_resource_schemas_are_those_of_the_installed_cfn_lint() -> None:
    from infra import resource_schemas

    assert resources.schemas() == json.loads(json.dumps(resource_schemas.schemas())), (
        "Run: python infra/resource_schemas.py > engage_cli/local/validation/resource_schemas.json"
    )
    assert set(resources.schemas()) == set(resource_schemas.types())


def test_every_rule_is_about_an_operation_that_exists() -> None:
    for service, operation in rules.RULES:
        assert operation in shapes.names(requests.SERVICES[service].model), (service, operation)


@given(st.text(), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_text_is_a_definition_or_has_a_problem_that_is_told(text: str, value: Any) -> None:
    assert all(isinstance(problem, str) for problem in asl.problems(text))
    assert asl.problems(json.dumps({"StartAt": value, "States": {"A": value}}))


NAMES = st.lists(st.sampled_from("ABCDEF"), min_size=1, max_size=6, unique=True)


@given(NAMES)
def test_a_chain_of_states_is_accepted_and_one_without_its_last_is_not(names: list[str]) -> None:
    states: dict[str, Any] = {name: {"Type": "Pass", "Next": after} for name, after in pairwise(names)}
    broken = {"StartAt": names[0], "States": dict(states)}
    states[names[-1]] = {"Type": "Succeed"}
    assert asl.problems(json.dumps({"StartAt": names[0], "States": states})) == []
    assert asl.problems(json.dumps(broken))


@pytest.mark.parametrize(
    ("principal", "known"),
    [
        ("lambda.amazonaws.com", True),
        ("states.us-east-1.amazonaws.com", True),
        ("delivery.logs.amazonaws.com", True),
        ("ecs-tasks.amazonaws.com", True),
        ("nosuch.amazonaws.com", False),
        ("lambda.example.com", False),
        ("lambda", False),
    ],
)
def test_service_principals_are_known_or_not(principal: str, known: bool) -> None:
    assert policies.known_service(principal) is known


@pytest.mark.parametrize(
    ("expression", "fine"),
    [
        ("rate(1 day)", True),
        ("rate(5 minutes)", True),
        ("cron(0 6 ? * MON *)", True),
        ("cron(0/15 8-18 ? * 2-6 2026-2030)", True),
        ("at(2026-11-23T06:00:00)", True),
        ("rate(0 days)", False),
        ("cron(60 6 ? * MON *)", False),
        ("cron(0 6 * * MON *)", False),
        ("every monday", False),
    ],
)
def test_schedule_expressions_are_read_as_eventbridge_does(expression: str, fine: bool) -> None:
    if fine:
        rules.schedule_expression(expression)
        return
    with pytest.raises(Refused):
        rules.schedule_expression(expression)


def test_scalars_in_templates_may_be_written_as_text() -> None:
    resources.check("AWS::Logs::LogGroup", {"RetentionInDays": "14"})
    with pytest.raises(ValueError, match="RetentionInDays"):
        resources.check("AWS::Logs::LogGroup", {"RetentionInDays": "4"})


def test_the_patterns_that_python_cannot_read_are_few() -> None:
    unread = set()
    for service in requests.SERVICES.values():
        model = shapes.model(service.model)
        for name in model.shape_names:
            pattern = model.shape_for(name).metadata.get("pattern")
            if pattern is not None and shapes._pattern(pattern) is None:
                unread.add((service.model, name))
    assert len(unread) <= UNREAD, sorted(unread)


UNREAD = 7  # of 828; none of them in an operation that the platform uses


@pytest.mark.local
def test_an_execution_ends_when_its_machines_time_is_over(aws: Any, role: Any) -> None:
    definition = {
        "StartAt": "Long",
        "TimeoutSeconds": 1,
        "States": {"Long": {"Type": "Wait", "Seconds": 2, "Next": "Done"}, "Done": {"Type": "Succeed"}},
    }
    machine = aws("stepfunctions").create_state_machine(
        name="too-long", definition=json.dumps(definition), roleArn=role("states")
    )["stateMachineArn"]
    run = aws("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"]
    until(lambda: aws("stepfunctions").describe_execution(executionArn=run)["status"] != "RUNNING")
    time.sleep(1.5)  # Past the end of the Wait: the execution does not come back to life.
    assert aws("stepfunctions").describe_execution(executionArn=run)["status"] == "TIMED_OUT"
    events = aws("stepfunctions").get_execution_history(executionArn=run)["events"]
    assert "ExecutionTimedOut" in {event["type"] for event in events}
    assert "ExecutionSucceeded" not in {event["type"] for event in events}


@pytest.mark.local
def test_a_definition_is_judged_before_it_is_created(aws: Any) -> None:
    states = aws("stepfunctions")
    good = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    assert states.validate_state_machine_definition(definition=json.dumps(good))["result"] == "OK"
    bad = states.validate_state_machine_definition(definition=json.dumps({**good, "StartAt": "B"}))
    assert bad["result"] == "FAIL"
    assert {one["code"] for one in bad["diagnostics"]} == {"MISSING_TRANSITION_TARGET"}
