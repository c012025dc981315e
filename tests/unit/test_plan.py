"""The planner: what would change, and why."""

from dataclasses import replace

import pytest

from engage_cli.aws.stacks import Stack
from engage_cli.deploy.apply import Executor
from engage_cli.deploy.plan import Template, Values, fingerprint, load_template, make_plan, parameters_for
from engage_cli.errors import UserError

STORAGE = Template("storage", "storage body", {"Environment": None})
API = Template("api", "api body", {"Environment": None, "LakeBucket": None, "Ttl": "3600"})


def stack(template: Template, parameters: dict[str, str], outputs: dict[str, str] | None = None) -> Stack:
    return Stack(
        f"engage-dev-{template.layer}", "CREATE_COMPLETE", parameters, outputs or {},
        fingerprint(template, parameters), "",
    )  # fmt: skip


class FakeStacks:
    """Keeps stacks in memory and remembers what was asked of it."""

    def __init__(self, outputs: dict[str, dict[str, str]]) -> None:
        self.outputs = outputs
        self.calls: list[tuple[str, str]] = []

    def create(self, name: str, body: str, parameters: dict[str, str], tags: dict[str, str]) -> Stack:
        self.calls.append(("create", name))
        return Stack(name, "CREATE_COMPLETE", parameters, self.outputs.get(name, {}), None, "")

    def update(self, name: str, body: str, parameters: dict[str, str], tags: dict[str, str]) -> Stack:
        self.calls.append(("update", name))
        return Stack(name, "UPDATE_COMPLETE", parameters, self.outputs.get(name, {}), None, "")

    def delete(self, name: str) -> None:
        self.calls.append(("delete", name))


def deployed() -> dict[str, Stack]:
    found = [
        stack(STORAGE, {"Environment": "dev"}, {"LakeBucket": "lake"}),
        stack(API, {"Environment": "dev", "LakeBucket": "lake", "Ttl": "3600"}),
    ]
    return {s.name: s for s in found}


def actions(stacks: dict[str, Stack], *, templates: tuple[Template, ...] = (STORAGE, API)) -> list[str]:
    plan = make_plan("dev", list(templates), stacks, Values({"Environment": "dev"}))
    return [layer.action for layer in plan.layers]


def test_everything_is_created_where_there_is_nothing() -> None:
    assert actions({}) == ["create", "create"]


def test_nothing_changes_when_nothing_has_changed() -> None:
    assert actions(deployed()) == ["keep", "keep"]


def test_changing_one_template_touches_only_its_stack() -> None:
    assert actions(deployed(), templates=(STORAGE, replace(API, body="new body"))) == ["keep", "update"]


def test_a_new_output_of_an_earlier_stack_changes_the_later_one() -> None:
    stacks = deployed()
    stacks["engage-dev-storage"] = replace(stacks["engage-dev-storage"], outputs={"LakeBucket": "other"})
    plan = make_plan("dev", [STORAGE, API], stacks, Values({"Environment": "dev"}))
    assert plan.layers[1].reason == "parameters changed: LakeBucket"


def test_a_dead_stack_is_replaced() -> None:
    stacks = deployed()
    stacks["engage-dev-api"] = replace(stacks["engage-dev-api"], status="ROLLBACK_COMPLETE")
    assert actions(stacks) == ["keep", "replace"]
    fake = FakeStacks({})
    Executor("dev", fake, lambda *_: None).apply(
        [API], stacks, Values({"Environment": "dev"}, {"LakeBucket": "lake"})
    )  # type: ignore[arg-type]
    assert fake.calls == [("delete", "engage-dev-api"), ("create", "engage-dev-api")]


def test_outputs_of_one_stack_fill_the_parameters_of_the_next() -> None:
    fake = FakeStacks({"engage-dev-storage": {"LakeBucket": "made"}})
    values = Values({"Environment": "dev"})
    applied = Executor("dev", fake, lambda *_: None).apply([STORAGE, API], {}, values)  # type: ignore[arg-type]
    assert [a.action for a in applied] == ["create", "create"]
    assert values.outputs["LakeBucket"] == "made"


def test_a_parameter_that_nothing_fills_is_named() -> None:
    with pytest.raises(UserError, match="LakeBucket"):
        Executor("dev", FakeStacks({}), lambda *_: None).apply([API], {}, Values({"Environment": "dev"}))  # type: ignore[arg-type]


def test_the_schedule_that_a_user_set_survives_a_deployment() -> None:
    template = Template("pipeline", "body", {"ScheduleState": "DISABLED"})
    kept = stack(template, {"ScheduleState": "ENABLED"})
    assert parameters_for(template, Values({}), kept) == {"ScheduleState": "ENABLED"}
    assert parameters_for(template, Values({}), None) == {"ScheduleState": "DISABLED"}


def test_a_missing_template_is_one_sentence(tmp_path: object) -> None:
    from pathlib import Path

    with pytest.raises(UserError, match=r"storage\.yaml cannot be read"):
        load_template("storage", Path(str(tmp_path)))


@pytest.mark.parametrize(
    ("code", "message", "step"),
    [
        ("AlreadyExistsException", "Stack [engage-dev-api] already exists", "Somebody else is deploying"),
        (
            "ValidationError",
            "Stack:arn:aws:cloudformation:x is in UPDATE_IN_PROGRESS state and can not be updated.",
            "Another change of this stack is going on",
        ),
    ],
)
def test_two_deployments_at_once_end_with_a_next_step(code: str, message: str, step: str) -> None:
    from botocore.exceptions import ClientError

    from engage_cli.aws.errors import translated
    from engage_cli.errors import CloudError

    with pytest.raises(CloudError) as refused, translated("creating the stack engage-dev-api"):
        raise ClientError({"Error": {"Code": code, "Message": message}}, "CreateStack")
    assert step in (refused.value.hint or "")
