"""X-Ray at the embedded endpoint: traces that are sent, and those that services write."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from engage_cli.aws.traces import new_header
from engage_cli.local import process
from engage_cli.pipeline.trace import Span, spans_of
from tests.waiting import until

pytestmark = pytest.mark.local
Client = Callable[..., Any]
ACTIVE = {"TracingConfig": {"Mode": "Active"}}
MAY_TRACE = ("xray:PutTraceSegments", "*")
ECHO = """
import os, time
def handler(event, context):
    time.sleep(0.05)
    return os.environ.get("_X_AMZN_TRACE_ID")
"""


def trace_id() -> str:
    return f"1-{int(time.time()):08x}-{uuid4().hex[:24]}"


def segment(trace: str, **changes: Any) -> dict[str, Any]:
    now = time.time()
    times = {"start_time": now - 1, "end_time": now}
    return {"name": "client", "id": uuid4().hex[:16], "trace_id": trace, **times, **changes}


def documents(aws: Client, trace: str) -> list[dict[str, Any]]:
    found = aws("xray").batch_get_traces(TraceIds=[trace])["Traces"]
    return [json.loads(one["Document"]) for one in found[0]["Segments"]] if found else []


def names(spans: list[Span]) -> list[Any]:
    """The tree as nested names."""
    return [[span.name, *([names(span.children)] if span.children else [])] for span in spans]


def test_segments_that_are_sent_are_kept_and_found(aws: Client) -> None:
    trace, service = trace_id(), f"svc-{uuid4().hex[:6]}"
    sent = segment(trace, name=service, origin="AWS::EC2::Instance", annotations={"run": "r1"}, fault=True)
    part = segment(trace, type="subsegment", name="query", parent_id=sent["id"])
    texts = [json.dumps(part), json.dumps(sent), "{", json.dumps({**sent, "id": "short"})]
    refused = aws("xray").put_trace_segments(TraceSegmentDocuments=texts)["UnprocessedTraceSegments"]
    assert [one["ErrorCode"] for one in refused] == ["ParseError", "InvalidId"]
    assert refused[1]["Id"] == "short"
    (found,) = documents(aws, trace)
    assert (found["name"], found["subsegments"][0]["name"]) == (service, "query")
    now = datetime.now(UTC)
    wanted = f'service(id(name: "{service}", type: "AWS::EC2::Instance")) AND fault AND annotation.run = "r1"'
    window = {"StartTime": now - timedelta(minutes=1), "EndTime": now + timedelta(minutes=1)}
    (summary,) = aws("xray").get_trace_summaries(**window, FilterExpression=wanted)["TraceSummaries"]
    assert (summary["Id"], summary["HasFault"], summary["EntryPoint"]["Name"]) == (trace, True, service)
    assert summary["Duration"] == pytest.approx(1, abs=0.1)
    other = aws("xray").get_trace_summaries(**window, FilterExpression=f'service("{service}") AND ok')
    assert other["TraceSummaries"] == []
    with pytest.raises(ClientError, match="does not read"):
        aws("xray").get_trace_summaries(**window, FilterExpression='user = "me"')


def test_many_summaries_come_in_pages_and_unknown_traces_are_named(aws: Client) -> None:
    service = f"many-{uuid4().hex[:6]}"
    texts = [json.dumps(segment(trace_id(), name=service)) for _ in range(130)]
    for start in range(0, 130, 50):
        aws("xray").put_trace_segments(TraceSegmentDocuments=texts[start : start + 50])
    now = datetime.now(UTC)
    pages = aws("xray").get_paginator("get_trace_summaries").paginate(
        StartTime=now - timedelta(minutes=1), EndTime=now + timedelta(minutes=1),
        FilterExpression=f'service("{service}")',
    )  # fmt: skip
    found = [one["Id"] for page in pages for one in page["TraceSummaries"]]
    assert len(set(found)) == 130
    unknown = trace_id()
    assert aws("xray").batch_get_traces(TraceIds=[unknown])["UnprocessedTraceIds"] == [unknown]
    with pytest.raises(ClientError, match="six hours"):
        aws("xray").get_trace_summaries(StartTime=now - timedelta(hours=7), EndTime=now)


def test_the_sampling_rule_is_the_default_and_other_operations_are_refused_by_name(aws: Client) -> None:
    (record,) = aws("xray").get_sampling_rules()["SamplingRuleRecords"]
    rule = record["SamplingRule"]
    assert (rule["RuleName"], rule["FixedRate"], rule["ReservoirSize"]) == ("Default", 0.05, 1)
    asked = {"ClientID": "0" * 24, "Timestamp": time.time(), "RequestCount": 1, "SampledCount": 1}
    answer = aws("xray").get_sampling_targets(
        SamplingStatisticsDocuments=[{**asked, "RuleName": "Default"}, {**asked, "RuleName": "Mine"}]
    )
    assert answer["SamplingTargetDocuments"][0]["ReservoirQuota"] == 1
    assert answer["UnprocessedStatistics"][0]["RuleName"] == "Mine"
    telemetry = {"Timestamp": time.time(), "SegmentsReceivedCount": 1, "SegmentsSentCount": 1}
    aws("xray").put_telemetry_records(TelemetryRecords=[telemetry])
    with pytest.raises(ClientError, match="CreateGroup"):
        aws("xray").create_group(GroupName="g")


def test_a_run_shows_its_machine_its_states_and_its_functions_with_their_phases(
    aws: Client, function: Callable[..., str], role: Callable[..., str]
) -> None:
    name = function(ECHO, MAY_TRACE, **ACTIVE)
    failing = function("def handler(event, context):\n    raise ValueError('no')\n", MAY_TRACE, **ACTIVE)
    arn = f"arn:aws:lambda:us-east-1:{process.ACCOUNT}:function:*"

    def call(function_name: str, **more: Any) -> dict[str, Any]:
        parameters = {"FunctionName": function_name, "Payload": {}}
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": parameters,
            **more,
        }

    states = {
        "Good": call(name, Next="Bad"),
        "Bad": call(failing, End=True, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "End"}]),
        "End": {"Type": "Pass", "End": True},
    }
    machine = aws("stepfunctions").create_state_machine(
        name=f"m-{uuid4().hex[:8]}",
        definition=json.dumps({"StartAt": "Good", "States": states}),
        roleArn=role("states", ("lambda:InvokeFunction", arn), MAY_TRACE),
        tracingConfiguration={"enabled": True},
    )["stateMachineArn"]
    assert aws("stepfunctions").describe_state_machine(stateMachineArn=machine)["tracingConfiguration"] == {
        "enabled": True
    }
    header = new_header()
    root = header.removeprefix("Root=").partition(";")[0]
    states_client = aws("stepfunctions")
    execution = states_client.start_execution(stateMachineArn=machine, traceHeader=header)["executionArn"]
    until(lambda: states_client.describe_execution(executionArn=execution)["status"] == "SUCCEEDED")
    assert states_client.describe_execution(executionArn=execution)["traceHeader"] == header
    events = states_client.get_execution_history(executionArn=execution)["events"]
    seen = next(
        one["taskSucceededEventDetails"]["output"] for one in events if one["type"] == "TaskSucceeded"
    )
    assert json.loads(seen)["Payload"].startswith(f"Root={root};Parent=")
    spans = spans_of(documents(aws, root))
    phases = [["Initialization"], ["Invocation"], ["Overhead"]]
    assert names(spans) == [
        [
            machine.rpartition(":")[2],
            [
                ["Good", [["Lambda", [[name, [[name, phases]]]]]]],
                ["Bad", [["Lambda", [[failing, [[failing, phases]]]]]]],
                ["End"],
            ],
        ]
    ]
    bad = spans[0].children[1].children[0]
    assert bad.error == "ValueError"
    assert bad.children[0].children[0].error == "ValueError"
    assert spans[0].children[0].children[0].error == ""
    invocation = spans[0].children[0].children[0].children[0].children[0].children[1]
    assert invocation.seconds is not None
    assert spans[0].seconds is not None
    assert 0.05 <= invocation.seconds <= spans[0].seconds


def test_what_is_switched_off_or_not_allowed_writes_nothing(
    aws: Client, function: Callable[..., str], role: Callable[..., str]
) -> None:
    passing = function(ECHO, MAY_TRACE)
    forbidden = function(ECHO, **ACTIVE)
    arn = f"arn:aws:lambda:us-east-1:{process.ACCOUNT}:function:*"
    for name, tracing in ((passing, False), (forbidden, True)):
        task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True,
                "Parameters": {"FunctionName": name, "Payload": {}}}  # fmt: skip
        machine = aws("stepfunctions").create_state_machine(
            name=f"m-{uuid4().hex[:8]}",
            definition=json.dumps({"StartAt": "Call", "States": {"Call": task}}),
            roleArn=role("states", ("lambda:InvokeFunction", arn)),
            tracingConfiguration={"enabled": tracing},
        )["stateMachineArn"]
        header = new_header()
        execution = aws("stepfunctions").start_execution(stateMachineArn=machine, traceHeader=header)[
            "executionArn"
        ]
        until(
            lambda arn=execution: (
                aws("stepfunctions").describe_execution(executionArn=arn)["status"] == "SUCCEEDED"
            )
        )
        assert documents(aws, header.removeprefix("Root=").partition(";")[0]) == []


def test_tracing_of_a_machine_can_be_changed(aws: Client, role: Callable[..., str]) -> None:
    states = aws("stepfunctions")
    definition = json.dumps({"StartAt": "S", "States": {"S": {"Type": "Pass", "End": True}}})
    machine = states.create_state_machine(
        name=f"m-{uuid4().hex[:8]}", definition=definition, roleArn=role("states", MAY_TRACE)
    )["stateMachineArn"]
    states.update_state_machine(stateMachineArn=machine, tracingConfiguration={"enabled": True})
    states.update_state_machine(stateMachineArn=machine, definition=definition)
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    # Without a header of the caller's the service begins a trace of its own.
    own = states.describe_execution(executionArn=execution)["traceHeader"]
    assert own.startswith("Root=1-")


def test_a_function_that_calls_another_hands_its_trace_on(aws: Client, function: Callable[..., str]) -> None:
    inner = function(ECHO, MAY_TRACE, **ACTIVE)
    outer = function(
        f"""
        import boto3, os
        def handler(event, context):
            boto3.client("lambda").invoke(FunctionName="{inner}")
            return os.environ["_X_AMZN_TRACE_ID"]
        """,
        MAY_TRACE,
        ("lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:{process.ACCOUNT}:function:{inner}"),
        **ACTIVE,
    )
    for _ in range(60):  # One trace of each second is recorded for certain; other tests begin some too.
        header = json.loads(aws("lambda").invoke(FunctionName=outer)["Payload"].read())
        if header.endswith("Sampled=1"):
            break
    root = header.removeprefix("Root=").partition(";")[0]
    found = documents(aws, root)
    callee = next(one for one in found if one["origin"] == "AWS::Lambda" and one["name"] == inner)
    caller = next(one for one in found if one["origin"] == "AWS::Lambda::Function" and one["name"] == outer)
    assert callee["parent_id"] == caller["id"]


def test_who_may_not_read_or_send_traces_is_refused(aws: Client, role: Callable[..., str]) -> None:
    credentials = aws("sts").assume_role(
        RoleArn=_assumable(aws, [{"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"}]),
        RoleSessionName="tester",
    )["Credentials"]
    limited = aws("xray", credentials)
    assert limited.put_trace_segments(TraceSegmentDocuments=[json.dumps(segment(trace_id()))])
    with pytest.raises(ClientError, match=r"AccessDenied.*xray:BatchGetTraces"):
        limited.batch_get_traces(TraceIds=[trace_id()])


def _assumable(aws: Client, statements: list[dict[str, Any]]) -> str:
    name = f"r-{uuid4().hex[:8]}"
    principal = {"AWS": f"arn:aws:iam::{process.ACCOUNT}:root"}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    version = {"Version": "2012-10-17"}
    arn: str = aws("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({**version, "Statement": [trust]})
    )["Role"]["Arn"]
    document = json.dumps({**version, "Statement": statements})
    aws("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
    return arn
