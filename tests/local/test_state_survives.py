"""What a client was told is there after the endpoint was killed; what was going on is said to have failed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import main_job_support
import pytest
from survival import Clients, kill_and_look

from engage_cli.errors import UserError
from engage_cli.local import process
from tests.waiting import until

pytestmark = pytest.mark.local


@pytest.fixture
def own_home(tmp_path: Path) -> Iterator[Path]:
    with main_job_support.stopped_afterwards(tmp_path):
        yield tmp_path


def kill(endpoint: process.Endpoint) -> None:
    os.kill(endpoint.pid, signal.SIGKILL)


def test_nothing_acknowledged_is_lost_by_kills_at_random_moments(own_home: Path) -> None:
    results = list(kill_and_look(own_home, kills=4, seed=3))
    assert [lost for _, lost in results] == [[], [], [], []]
    # Values had been acknowledged before each kill, or nothing was tried; how many depends on the machine.
    assert results[-1][0] >= len(results)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_by_fifty_kills(own_home: Path) -> None:
    for number, (told, lost) in enumerate(kill_and_look(own_home, kills=50, seed=11), start=1):
        print(f"kill {number}: {told} values acknowledged, {len(lost)} lost")
        assert not lost


def test_a_deploy_that_was_interrupted_is_completed_by_the_next_one(own_home: Path, tmp_path: Path) -> None:
    engage = main_job_support.Engage(own_home, "main", tmp_path)
    for stacks in (1, 6):
        endpoint = process.ensure_started(own_home)
        killer = threading.Thread(target=kill_when_stacks_are_there, args=[endpoint, stacks])
        killer.start()
        interrupted = engage("deploy")
        killer.join()
        assert interrupted.code == 1
        assert "the endpoint does not answer" in interrupted.err
        engage.ok("deploy")
        assert engage.read("deploy")["changed"] == []
        engage.ok("destroy", "--yes")


def kill_when_stacks_are_there(endpoint: process.Endpoint, number: int) -> None:
    """Whatever the machine's pace: with one stack, code is uploaded; later, stacks follow on one another."""
    stacks = Clients(endpoint)("cloudformation")
    until(lambda: len(stacks.describe_stacks()["Stacks"]) >= number)
    kill(endpoint)


def test_an_interrupted_execution_has_failed_with_the_reason_and_goes_on_where_it_was(own_home: Path) -> None:
    endpoint = process.ensure_started(own_home)
    aws = Clients(endpoint)
    states = {
        "First": {"Type": "Pass", "Result": {"made": 1}, "Next": "Pause"},
        "Pause": {"Type": "Wait", "Seconds": 3, "Next": "Last"},
        "Last": {"Type": "Pass", "Result": 2, "ResultPath": "$.last", "End": True},
    }
    machine = state_machine(aws, "waits", {"StartAt": "First", "States": states})
    run = aws("stepfunctions").start_execution(stateMachineArn=machine, name="one", input="{}")
    until(lambda: "Pause" in entered(aws, run["executionArn"]))
    kill(endpoint)

    aws = Clients(process.ensure_started(own_home))
    found = aws("stepfunctions").describe_execution(executionArn=run["executionArn"])
    assert (found["status"], found["redriveStatus"]) == ("FAILED", "REDRIVABLE")
    assert "endpoint ended while this execution was going on" in found["cause"]

    aws("stepfunctions").redrive_execution(executionArn=run["executionArn"])
    done = until(lambda: ended(aws, run["executionArn"]))
    assert (done["status"], json.loads(done["output"])) == ("SUCCEEDED", {"made": 1, "last": 2})
    assert done["redriveCount"] == 1
    # The state that had ended is not run again.
    assert entered(aws, run["executionArn"]) == ["First", "Pause", "Pause", "Last"]


def test_metrics_alarms_traces_budgets_and_schedules_survive_a_kill(own_home: Path) -> None:
    endpoint = process.ensure_started(own_home)
    aws = Clients(endpoint)
    trace = f"1-{int(time.time()):08x}-{'0' * 24}"
    segment = {"name": "s", "id": "0" * 16, "trace_id": trace, "start_time": time.time() - 1}
    segment |= {"end_time": time.time()}
    aws("xray").put_trace_segments(TraceSegmentDocuments=[json.dumps(segment)])
    alarm = {"Namespace": "N", "MetricName": "m", "Statistic": "Sum", "Period": 86400, "EvaluationPeriods": 1}
    alarm |= {"Threshold": 5, "ComparisonOperator": "GreaterThanThreshold"}
    aws("cloudwatch").put_metric_alarm(AlarmName="a", **alarm)
    aws("cloudwatch").put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 6}])
    limit = {"Amount": "25", "Unit": "USD"}
    aws("budgets").create_budget(
        AccountId=process.ACCOUNT,
        Budget={"BudgetName": "b", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit},
    )
    machine = state_machine(aws, "weekly", {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    due = int(time.time()) + 3
    schedule(aws, machine, f"at({time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(due))})")
    kill(endpoint)
    time.sleep(max(0.0, due + 0.1 - time.time()))

    for _ in range(2):  # What was due meanwhile is made up for, once.
        endpoint = process.ensure_started(own_home)
        aws = Clients(endpoint)
        process.move_clock(endpoint)
        (run,) = aws("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
        until(partial(ended, aws, run["executionArn"]))
        (found,) = aws("xray").batch_get_traces(TraceIds=[trace])["Traces"][0]["Segments"]
        assert json.loads(found["Document"]) == segment
        (alarmed,) = aws("cloudwatch").describe_alarms()["MetricAlarms"]
        assert (alarmed["StateValue"], "[6.0 (" in alarmed["StateReason"]) == ("ALARM", True)
        items = aws("cloudwatch").describe_alarm_history(AlarmName="a")["AlarmHistoryItems"]
        assert sum("to ALARM" in one["HistorySummary"] for one in items) == 1
        budget = aws("budgets").describe_budget(AccountId=process.ACCOUNT, BudgetName="b")["Budget"]
        assert budget["BudgetLimit"] == limit
        kill(endpoint)


def schedule(aws: Clients, machine: str, expression: str) -> None:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    may = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine}
    version = {"Version": "2012-10-17"}
    role = aws("iam").create_role(
        RoleName="weekly-trigger", AssumeRolePolicyDocument=json.dumps({**version, "Statement": [trust]})
    )["Role"]["Arn"]
    document = json.dumps({**version, "Statement": [may]})
    aws("iam").put_role_policy(RoleName="weekly-trigger", PolicyName="p", PolicyDocument=document)
    aws("scheduler").create_schedule(
        Name="weekly",
        ScheduleExpression=expression,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": role, "Input": "{}"},
    )


def test_only_what_failed_can_be_resumed(own_home: Path) -> None:
    aws = Clients(process.ensure_started(own_home))
    machine = state_machine(aws, "quick", {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    run = aws("stepfunctions").start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    assert until(lambda: ended(aws, run))["redriveStatus"] == "NOT_REDRIVABLE"
    with pytest.raises(aws("stepfunctions").exceptions.ExecutionNotRedrivable, match="SUCCEEDED"):
        aws("stepfunctions").redrive_execution(executionArn=run)


def test_state_of_the_first_layout_is_taken_over(own_home: Path) -> None:
    state = process.state_dir(own_home) / "state"
    state.mkdir(parents=True)
    scoped = {"__scoped__": True, "data": {"000000000000\x00'old'": {"RoleName": "old", "Arn": "arn:old"}}}
    old = {"__ministack_format__": 2, "payload": {"roles": scoped}}
    (state / "iam.json").write_text(json.dumps(old))
    for _ in range(2):
        endpoint = process.ensure_started(own_home)
        roles = subprocess.run(
            [sys.executable, "-c", _LIST_ROLES.format(state=str(state))],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert "old" in roles
        assert not (state / "iam.json").exists()
        kill(endpoint)
        until(lambda: process.find_running(own_home) is None)


_LIST_ROLES = """
import sqlite3
for row in sqlite3.connect("file:{state}/state.sqlite?mode=ro", uri=True).execute(
    "SELECT key FROM record WHERE service = 'iam' AND store LIKE 'roles:%'"): print(row)
"""


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.write_bytes(b"not a database" * 1000), "is damaged"),
        (lambda path: raise_version(path), "written by a newer engage"),
        (lambda path: (path.unlink(), path.mkdir()), "cannot be written or read"),
    ],
    ids=["damaged", "newer", "unreadable"],
)
def test_state_that_cannot_be_read_is_refused_in_one_sentence_and_left_alone(
    own_home: Path, spoil: Any, sentence: str
) -> None:
    process.ensure_started(own_home)
    process.stop(own_home)
    path = process.state_dir(own_home) / "state" / "state.sqlite"
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(UserError, match=sentence) as refused:
        process.ensure_started(own_home)
    assert refused.value.hint
    assert before is None or path.read_bytes() == before


def raise_version(path: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def state_machine(aws: Clients, name: str, definition: dict[str, Any]) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    made = aws("stepfunctions").create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=role
    )
    return str(made["stateMachineArn"])


def entered(aws: Clients, run: str) -> list[str]:
    events = aws("stepfunctions").get_execution_history(executionArn=run)["events"]
    return [
        event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event
    ]


def ended(aws: Clients, run: str) -> dict[str, Any] | None:
    found: dict[str, Any] = aws("stepfunctions").describe_execution(executionArn=run)
    return None if found["status"] == "RUNNING" else found
