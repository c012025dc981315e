"""The state machines: every step is bounded in time, retried only for passing errors, and caught."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra import policies

MACHINES = {"pipeline": ("pipeline", "Pipeline"), "bulk": ("api", "BulkStateMachine")}
DEFINITIONS = {
    name: (policies.TEMPLATES / f"{name}.asl.json").read_text(encoding="utf-8") for name in MACHINES
}
NEVER_RETRIED = {"States.ALL", "DataError", "InputError", "ConfigError", "QueryError"}


def machines() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state machine with its states, also the ones inside Map states."""
    for name, definition in DEFINITIONS.items():
        todo = [(name, json.loads(definition))]
        while todo:
            where, machine = todo.pop()
            yield where, machine
            todo += [
                (f"{where}.{state}", body["ItemProcessor"])
                for state, body in machine["States"].items()
                if "ItemProcessor" in body
            ]


def successors(state: dict[str, Any]) -> set[str]:
    targets = {state[key] for key in ("Next", "Default") if key in state}
    targets |= {catch["Next"] for catch in state.get("Catch", [])}
    return targets | {choice["Next"] for choice in state.get("Choices", [])}


EVERY = list(machines())


@pytest.mark.parametrize(("where", "machine"), EVERY, ids=[where for where, _ in EVERY])
def test_every_state_is_reachable_and_every_next_exists(where: str, machine: dict[str, Any]) -> None:
    reached, todo = set(), {machine["StartAt"]}
    while todo:
        name = todo.pop()
        assert name in machine["States"], f"{where}: no state {name}"
        reached.add(name)
        todo |= successors(machine["States"][name]) - reached
    assert reached == set(machine["States"])


@pytest.mark.parametrize(("where", "machine"), EVERY, ids=[where for where, _ in EVERY])
def test_every_task_has_a_time_limit_and_retries_with_jitter(where: str, machine: dict[str, Any]) -> None:
    for name, state in machine["States"].items():
        if state["Type"] != "Task":
            continue
        assert 0 < state["TimeoutSeconds"] <= 7200, name
        assert state["Retry"], name
        for retry in state["Retry"]:
            assert retry["BackoffRate"] > 1, name
            assert retry["MaxAttempts"] >= 1, name
            assert retry["JitterStrategy"] == "FULL", name
            assert not NEVER_RETRIED & set(retry["ErrorEquals"]), name


def test_an_error_of_any_kind_is_retried_once_at_most_and_only_for_a_task_on_fargate() -> None:
    for _, machine in EVERY:
        for name, state in machine["States"].items():
            for retry in state.get("Retry", []):
                if "States.TaskFailed" in retry["ErrorEquals"]:
                    assert state["Resource"].endswith("ecs:runTask.sync"), name
                    assert retry["MaxAttempts"] == 1, name


@pytest.mark.parametrize("name", MACHINES)
def test_every_step_is_caught_and_a_failure_ends_in_fail(name: str) -> None:
    states = json.loads(DEFINITIONS[name])["States"]
    for state, body in states.items():
        if body["Type"] in ("Task", "Map", "Parallel"):
            (catch,) = body["Catch"]
            assert catch["ErrorEquals"] == ["States.ALL"], state
            target = catch["Next"]
            while states[target]["Type"] != "Fail":
                target = states[target]["Next"]
            assert "Error" in states[target] or "ErrorPath" in states[target]


def test_the_first_error_survives_a_failing_cleanup() -> None:
    states = json.loads(DEFINITIONS["pipeline"])["States"]
    caught = {
        body["Catch"][0]["ResultPath"]
        for state, body in states.items()
        if "Catch" in body and state != "Cleanup"
    }
    assert caught == {"$.error"}
    assert states["Cleanup"]["Catch"][0]["ResultPath"] != "$.error"
    assert "$.error" in states["CleanupFailed"]["CausePath"]


@pytest.mark.parametrize("name", MACHINES)
def test_the_substitutions_are_those_that_the_definition_uses(name: str) -> None:
    layer, resource = MACHINES[name]
    given = policies.load(layer)["Resources"][resource]["Properties"]["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", DEFINITIONS[name])) == set(given)


def test_inference_at_once_fits_the_quota_of_a_fresh_account() -> None:
    infer = json.loads(DEFINITIONS["pipeline"])["States"]["Infer"]
    compute = policies.load("compute")
    size = compute["Mappings"]["Sizes"][compute["Parameters"]["InferenceSize"]["Default"]]
    assert infer["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
    assert infer["MaxConcurrency"] * int(size["Cpu"]) <= 6 * 1024


def test_a_step_waits_at_least_as_long_as_its_function_may_run() -> None:
    functions = policies.load("functions")
    states = json.loads(DEFINITIONS["pipeline"])["States"]
    for name, state in states.items():
        if state.get("Resource", "").endswith("lambda:invoke"):
            limit = functions["Resources"][f"{name}Function"]["Properties"]["Timeout"]
            if isinstance(limit, dict):
                limit = functions["Parameters"][limit["Ref"]]["MaxValue"]
            assert state["TimeoutSeconds"] > limit, name


def test_the_schedule_gives_every_input_that_the_first_state_reads() -> None:
    begin = json.loads(DEFINITIONS["pipeline"])["States"]["Begin"]["Parameters"]
    read = {path.removeprefix("$.") for path in begin.values() if path.startswith("$.")}
    (schedule,) = policies.resources("pipeline", "AWS::Scheduler::Schedule").values()
    assert set(json.loads(schedule["Properties"]["Target"]["Input"])) == read == {"as_of", "trigger", "tune"}
