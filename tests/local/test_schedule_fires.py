"""EventBridge Scheduler: the test moves the clock, and what is due starts, by the role, with the input."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from engage_cli.local import process
from tests.waiting import until

pytestmark = pytest.mark.local
Client = Callable[..., Any]
Clock = Callable[..., float]


@pytest.fixture
def clock(endpoint: process.Endpoint) -> Iterator[Clock]:
    """`clock(to=...)` moves the endpoint's clock; it is set right afterwards."""
    yield lambda **move: process.move_clock(endpoint, **move)
    process.move_clock(endpoint)


@pytest.fixture
def machine(aws: Client, role: Callable[..., str]) -> str:
    definition = {"StartAt": "S", "States": {"S": {"Type": "Pass", "End": True}}}
    arn: str = aws("stepfunctions").create_state_machine(
        name=f"m-{uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=role("states")
    )["stateMachineArn"]
    return arn


@pytest.fixture
def schedule(aws: Client, role: Callable[..., str], machine: str) -> Iterator[Callable[..., str]]:
    """`schedule(expression, **settings)` makes a schedule that starts the machine; its name."""
    made: list[str] = []

    def make(
        expression: str, *, allowed: bool = True, retry: dict[str, int] | None = None, **settings: Any
    ) -> str:
        name = f"s-{uuid4().hex[:8]}"
        may = [("states:StartExecution", machine)] if allowed else []
        target = {"Arn": machine, "RoleArn": role("scheduler", *may), "Input": '{"trigger": "schedule"}'}
        if retry:
            target["RetryPolicy"] = retry
        aws("scheduler").create_schedule(
            Name=name,
            ScheduleExpression=expression,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=target,
            **settings,
        )
        made.append(name)
        return name

    yield make
    for name in made:
        aws("scheduler").delete_schedule(Name=name)


def runs(aws: Client, machine: str) -> list[dict[str, Any]]:
    """The machine's executions, ended, with their input."""
    states = aws("stepfunctions")

    def listed() -> Any:
        return states.list_executions(stateMachineArn=machine)["executions"]

    until(lambda: all(one["status"] != "RUNNING" for one in listed()))
    return [states.describe_execution(executionArn=one["executionArn"]) for one in listed()]


def next_monday(hour: int) -> datetime:
    now = datetime.now(UTC)
    days = (7 - now.weekday()) % 7 or 7
    return (now + timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)


def test_the_weekly_trigger_fires_at_its_time_once_with_its_input(
    aws: Client, clock: Clock, machine: str, schedule: Callable[..., str]
) -> None:
    schedule("cron(0 6 ? * MON *)")
    monday = next_monday(6)
    clock(to=monday.timestamp() - 1)
    assert runs(aws, machine) == []
    clock(to=monday.timestamp() + 1)
    (run,) = runs(aws, machine)
    assert (run["status"], json.loads(run["input"])) == ("SUCCEEDED", {"trigger": "schedule"})
    clock(seconds=3600)
    assert len(runs(aws, machine)) == 1
    clock(to=(monday + timedelta(days=7)).timestamp() + 1)
    assert len(runs(aws, machine)) == 2


def test_the_time_is_that_of_the_schedules_time_zone(
    aws: Client, clock: Clock, machine: str, schedule: Callable[..., str]
) -> None:
    # Six in the morning of Tokyo is 21 o'clock UTC the day before.
    schedule("cron(0 6 ? * MON *)", ScheduleExpressionTimezone="Asia/Tokyo")
    sunday = next_monday(21) - timedelta(days=1)
    if sunday < datetime.now(UTC):
        sunday += timedelta(days=7)
    clock(to=sunday.timestamp() - 1)
    assert runs(aws, machine) == []
    clock(to=sunday.timestamp() + 1)
    assert len(runs(aws, machine)) == 1


def test_a_rate_counts_from_the_schedules_creation(
    aws: Client, clock: Clock, machine: str, schedule: Callable[..., str]
) -> None:
    schedule("rate(1 hour)")
    clock(seconds=3500)
    assert runs(aws, machine) == []
    clock(seconds=200)
    assert len(runs(aws, machine)) == 1
    clock(seconds=3600)
    assert len(runs(aws, machine)) == 2


def test_a_disabled_schedule_does_not_fire_and_makes_nothing_up_for_it(
    aws: Client, clock: Clock, machine: str, schedule: Callable[..., str]
) -> None:
    name = schedule("rate(1 hour)", State="DISABLED")
    clock(seconds=5000)
    assert runs(aws, machine) == []
    found = aws("scheduler").get_schedule(Name=name)
    kept = {key: found[key] for key in ("ScheduleExpression", "FlexibleTimeWindow", "Target")}
    aws("scheduler").update_schedule(Name=name, State="ENABLED", **kept)
    clock(seconds=0)
    assert runs(aws, machine) == []
    clock(seconds=3600)
    assert len(runs(aws, machine)) == 1


def test_a_role_that_may_not_start_the_target_starts_nothing_and_the_log_says_so(
    aws: Client, clock: Clock, machine: str, schedule: Callable[..., str], endpoint: process.Endpoint
) -> None:
    name = schedule("rate(1 hour)", allowed=False)
    clock(seconds=4000)
    assert runs(aws, machine) == []
    log = (endpoint.state_dir / "endpoint.log").read_text()
    line = next(line for line in log.splitlines() if f"Schedule {name} did not fire" in line)
    assert "is not authorized to perform: states:StartExecution" in line


def test_a_moment_that_passed_too_long_ago_is_given_up(
    aws: Client, clock: Clock, machine: str, schedule: Callable[..., str]
) -> None:
    monday = next_monday(6)
    schedule("cron(0 6 ? * MON *)", retry={"MaximumEventAgeInSeconds": 3600})
    clock(to=monday.timestamp() + 3700)
    assert runs(aws, machine) == []


def test_the_input_names_the_schedules_time_and_a_schedule_that_is_over_can_delete_itself(
    aws: Client, clock: Clock, machine: str, role: Callable[..., str]
) -> None:
    name, when = f"s-{uuid4().hex[:8]}", next_monday(6)
    target = {"Arn": machine, "RoleArn": role("scheduler", ("states:StartExecution", machine))}
    aws("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=f"at({when:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={**target, "Input": '{"at": "<aws.scheduler.scheduled-time>"}'},
        ActionAfterCompletion="DELETE",
    )
    clock(to=when.timestamp() + 1)
    (run,) = runs(aws, machine)
    assert json.loads(run["input"]) == {"at": f"{when:%Y-%m-%dT%H:%M:%SZ}"}
    names = [one["Name"] for one in aws("scheduler").list_schedules()["Schedules"]]
    assert name not in names


def test_a_schedule_of_a_template_has_all_of_its_properties(
    aws: Client, machine: str, role: Callable[..., str]
) -> None:
    properties = {
        "Name": f"s-{uuid4().hex[:8]}",
        "ScheduleExpression": "cron(0 6 ? * MON *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "StartDate": "2030-01-01T00:00:00Z",
        "State": "DISABLED",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": machine, "RoleArn": role("scheduler")},
    }
    stack = f"stack-{uuid4().hex[:8]}"

    def template(**changes: str) -> str:
        resource = {"Type": "AWS::Scheduler::Schedule", "Properties": {**properties, **changes}}
        return json.dumps({"Resources": {"S": resource}})

    cloudformation = aws("cloudformation")
    cloudformation.create_stack(StackName=stack, TemplateBody=template())
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    found = aws("scheduler").get_schedule(Name=properties["Name"])
    assert found["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert found["StartDate"].year == 2030
    cloudformation.update_stack(
        StackName=stack, TemplateBody=template(ScheduleExpressionTimezone="Asia/Tokyo")
    )
    cloudformation.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    changed = aws("scheduler").get_schedule(Name=properties["Name"])
    assert changed["ScheduleExpressionTimezone"] == "Asia/Tokyo"
    assert changed["LastModificationDate"] > found["LastModificationDate"]
    cloudformation.delete_stack(StackName=stack)
