"""CloudWatch at the embedded endpoint: metrics that arrive or happen, and the alarms that they move."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from engage_cli.local import process
from tests.waiting import until

pytestmark = pytest.mark.local
Client = Callable[..., Any]


@pytest.fixture
def namespace() -> str:
    return f"Test/{uuid4().hex[:8]}"


@pytest.fixture
def clock(endpoint: process.Endpoint) -> Iterator[Callable[..., float]]:
    """`clock(seconds=60)` moves the endpoint's clock; it is set right afterwards."""
    yield lambda **move: process.move_clock(endpoint, **move)
    process.move_clock(endpoint)


def put(aws: Client, namespace: str, name: str, value: float, **dimensions: str) -> None:
    listed = [{"Name": key, "Value": one} for key, one in dimensions.items()]
    datum = {"MetricName": name, "Value": value, "Dimensions": listed}
    aws("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[datum])


def alarm(aws: Client, namespace: str, name: str, **settings: Any) -> str:
    full = f"{namespace.replace('/', '-')}-{name}"
    aws("cloudwatch").put_metric_alarm(
        **{
            "AlarmName": full,
            "Namespace": namespace,
            "MetricName": "m",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 10,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            **settings,
        }
    )
    return full


def described(aws: Client, name: str) -> dict[str, Any]:
    found: dict[str, Any] = aws("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    return found


def sum_of(aws: Client, namespace: str, name: str, statistic: str = "Sum", **dimensions: str) -> list[float]:
    """The values of a metric by hour, the newest first, from GetMetricData."""
    listed = [{"Name": key, "Value": one} for key, one in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": listed}
    now = datetime.now(UTC)
    found = aws("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "q", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": statistic}}],
        StartTime=now - timedelta(hours=2),
        EndTime=now + timedelta(hours=1),
    )
    values: list[float] = found["MetricDataResults"][0]["Values"]
    return values


def test_an_alarm_looks_at_its_own_dimensions_alone(aws: Client, namespace: str) -> None:
    one = alarm(aws, namespace, "a", Dimensions=[{"Name": "D", "Value": "a"}])
    other = alarm(aws, namespace, "b", Dimensions=[{"Name": "D", "Value": "b"}])
    without = alarm(aws, namespace, "none")
    put(aws, namespace, "m", 50, D="a")
    put(aws, namespace, "m", 1, D="b")
    assert described(aws, one)["StateValue"] == "ALARM"
    assert described(aws, other)["StateValue"] == "OK"
    assert described(aws, without)["StateValue"] == "INSUFFICIENT_DATA"


def test_an_alarm_falls_as_time_passes_without_any_metric(
    aws: Client, namespace: str, clock: Callable[..., float]
) -> None:
    name = alarm(aws, namespace, "falls", TreatMissingData="notBreaching")
    assert described(aws, name)["StateValue"] == "OK"
    put(aws, namespace, "m", 50)
    assert described(aws, name)["StateValue"] == "ALARM"
    clock(seconds=600)
    fallen = described(aws, name)
    assert fallen["StateValue"] == "OK"
    assert "missing datapoint was treated as [NonBreaching]" in fallen["StateReason"]


def test_an_alarm_without_data_says_so_after_its_range(
    aws: Client, namespace: str, clock: Callable[..., float]
) -> None:
    name = alarm(aws, namespace, "unknown")
    put(aws, namespace, "m", 1)
    assert described(aws, name)["StateValue"] == "OK"
    clock(seconds=600)
    assert described(aws, name)["StateValue"] == "INSUFFICIENT_DATA"


def test_two_of_three_datapoints_raise_the_alarm_and_one_does_not(aws: Client, namespace: str) -> None:
    name = alarm(aws, namespace, "two", EvaluationPeriods=3, DatapointsToAlarm=2, Statistic="Maximum")
    now = datetime.now(UTC).replace(second=1)
    for minutes, value in ((2, 50), (1, 1)):
        datum = {"MetricName": "m", "Value": value, "Timestamp": now - timedelta(minutes=minutes)}
        aws("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[datum])
    assert described(aws, name)["StateValue"] == "OK"
    put(aws, namespace, "m", 60)
    assert described(aws, name)["StateValue"] == "ALARM"


def test_a_transition_is_kept_with_its_reason_and_told_to_the_topic(aws: Client, namespace: str) -> None:
    topic = aws("sns").create_topic(Name=f"alarms-{uuid4().hex[:6]}")["TopicArn"]
    name = f"alarms-{uuid4().hex[:6]}"
    arn = f"arn:aws:sqs:us-east-1:{process.ACCOUNT}:{name}"
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Resource": arn}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Action": "sqs:SendMessage"}]}
    attributes = {"Policy": json.dumps(policy)}
    queue = aws("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    missing = topic + "-gone"
    name = alarm(aws, namespace, "told", AlarmActions=[topic, missing])
    put(aws, namespace, "m", 50)
    received = aws("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]
    message = json.loads(json.loads(received["Body"])["Message"])
    assert (message["AlarmName"], message["NewStateValue"]) == (name, "ALARM")
    assert "[50.0 (" in message["NewStateReason"]
    items = aws("cloudwatch").describe_alarm_history(AlarmName=name)["AlarmHistoryItems"]
    update = next(one for one in items if "to ALARM" in one["HistorySummary"])
    new = json.loads(update["HistoryData"])["newState"]
    assert new["stateReason"] == message["NewStateReason"]
    assert new["stateReasonData"]["recentDatapoints"] == [50.0]
    actions = {one["HistorySummary"] for one in items if one["HistoryItemType"] == "Action"}
    assert actions == {f"Successfully executed action {topic}", f"Failed to execute action {missing}"}


def test_a_function_that_an_alarm_calls_may_put_a_metric_of_another_alarm(
    aws: Client, namespace: str, function: Callable[..., str]
) -> None:
    source = f"""
    import boto3
    def handler(event, context):
        boto3.client("cloudwatch").put_metric_data(
            Namespace="{namespace}", MetricData=[{{"MetricName": "second", "Value": 50}}]
        )
    """
    name = function(source, ("cloudwatch:PutMetricData", "*"))
    topic = aws("sns").create_topic(Name=f"chain-{uuid4().hex[:6]}")["TopicArn"]
    arn = f"arn:aws:lambda:us-east-1:{process.ACCOUNT}:function:{name}"
    aws("lambda").add_permission(
        FunctionName=name, StatementId="s", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com",
        SourceArn=topic,
    )  # fmt: skip
    aws("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    alarm(aws, namespace, "first", AlarmActions=[topic])
    second = alarm(aws, namespace, "second", MetricName="second")
    put(aws, namespace, "m", 50)
    until(lambda: described(aws, second)["StateValue"] == "ALARM")


def test_a_metric_is_one_set_of_dimensions_and_the_newest_value_comes_first(
    aws: Client, namespace: str
) -> None:
    put(aws, namespace, "m", 1)
    put(aws, namespace, "m", 2, D="a")
    earlier = datetime.now(UTC) - timedelta(hours=1)
    datum = {"MetricName": "m", "Value": 7, "Timestamp": earlier}
    aws("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[datum])
    assert sum_of(aws, namespace, "m") == [1.0, 7.0]
    assert sum_of(aws, namespace, "m", D="a") == [2.0]
    assert sum_of(aws, namespace, "m", D="b") == []


def test_statistics_and_percentiles_are_computed_by_period(aws: Client, namespace: str) -> None:
    moment = datetime.now(UTC).replace(minute=1)
    data = [
        {
            "MetricName": "m",
            "Values": [1, 2, 3, 10],
            "Counts": [1, 1, 1, 2],
            "Unit": "Seconds",
            "Timestamp": moment,
        }
    ]
    aws("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)
    found = aws("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName="m",
        StartTime=moment - timedelta(hours=1),
        EndTime=moment + timedelta(hours=1),
        Period=3600,
        Statistics=["Sum", "Average", "Minimum", "Maximum", "SampleCount"],
    )["Datapoints"]
    assert [
        {key: point[key] for key in ("Sum", "Average", "Minimum", "Maximum", "SampleCount", "Unit")}
        for point in found
    ] == [
        {"Sum": 26.0, "Average": 5.2, "Minimum": 1.0, "Maximum": 10.0, "SampleCount": 5.0, "Unit": "Seconds"}
    ]
    assert sum_of(aws, namespace, "m", "p50") == [3.0]


def test_metric_math_is_refused_and_not_answered_with_nothing(aws: Client) -> None:
    from botocore.exceptions import ClientError

    now = datetime.now(UTC)
    with pytest.raises(ClientError, match="metric math, which the local endpoint does not offer"):
        aws("cloudwatch").get_metric_data(
            MetricDataQueries=[{"Id": "q", "Expression": "1 + 1"}],
            StartTime=now - timedelta(hours=1),
            EndTime=now,
        )


def emf(namespace: str, value: float) -> str:
    directive = {"Namespace": namespace, "Dimensions": [["Environment"]], "Metrics": [{"Name": "Rows"}]}
    aws = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": aws, "Environment": "e", "Rows": value})


def test_metrics_in_the_log_lines_of_functions_tasks_and_callers_are_kept(
    aws: Client,
    namespace: str,
    function: Callable[..., str],
    image: Callable[[str], str],
    task_definition: Callable[..., str],
    run: Callable[..., dict[str, Any]],
) -> None:
    group = f"/test/{uuid4().hex[:8]}"
    aws("logs").create_log_group(logGroupName=group)
    aws("logs").create_log_stream(logGroupName=group, logStreamName="s")
    line = {"timestamp": int(time.time() * 1000), "message": emf(namespace, 1)}
    aws("logs").put_log_events(logGroupName=group, logStreamName="s", logEvents=[line])
    aws("lambda").invoke(
        FunctionName=function(f"def handler(event, context):\n    print({emf(namespace, 20)!r})\n")
    )
    run(task_definition(image(f"print({emf(namespace, 300)!r})")))
    until(lambda: sum_of(aws, namespace, "Rows", Environment="e") == [321.0])


def test_a_function_counts_its_invocations_errors_and_time_whoever_calls_it(
    aws: Client, function: Callable[..., str], role: Callable[..., str]
) -> None:
    name = function("def handler(event, context):\n    return 1 / event['by']\n")
    for by in (1, 0, 2):
        aws("lambda").invoke(FunctionName=name, Payload=json.dumps({"by": by}))
    arn = f"arn:aws:lambda:us-east-1:{process.ACCOUNT}:function:{name}"
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True,
            "Parameters": {"FunctionName": name, "Payload": {"by": 1}}}  # fmt: skip
    machine = aws("stepfunctions").create_state_machine(
        name=f"m-{uuid4().hex[:8]}",
        definition=json.dumps({"StartAt": "Call", "States": {"Call": task}}),
        roleArn=role("states", ("lambda:InvokeFunction", arn)),
    )["stateMachineArn"]
    aws("stepfunctions").start_execution(stateMachineArn=machine)
    of = {"FunctionName": name}
    until(lambda: sum_of(aws, "AWS/Lambda", "Invocations", **of) == [4.0])
    assert sum_of(aws, "AWS/Lambda", "Errors", **of) == [1.0]
    assert sum_of(aws, "AWS/Lambda", "Throttles", **of) == [0.0]
    assert 0 < sum_of(aws, "AWS/Lambda", "Duration", "Maximum", **of)[0] < 10_000
    machine_of = {"StateMachineArn": machine}
    until(lambda: sum_of(aws, "AWS/States", "ExecutionsSucceeded", **machine_of) == [1.0])
    assert sum_of(aws, "AWS/States", "ExecutionsStarted", **machine_of) == [1.0]
    assert sum_of(aws, "AWS/States", "ExecutionsFailed", **machine_of) == [0.0]
    assert sum_of(aws, "AWS/States", "ExecutionTime", **machine_of)[0] > 0


@pytest.mark.parametrize(
    ("state", "stopped", "metric"),
    [
        ({"Type": "Fail", "Error": "E"}, False, "ExecutionsFailed"),
        ({"Type": "Wait", "Seconds": 60, "End": True}, False, "ExecutionsTimedOut"),
        ({"Type": "Wait", "Seconds": 60, "End": True}, True, "ExecutionsAborted"),
    ],
)
def test_each_bad_end_of_an_execution_is_counted_as_what_it_is(
    aws: Client, role: Callable[..., str], state: dict[str, Any], stopped: bool, metric: str
) -> None:
    definition = {"StartAt": "S", "States": {"S": state}, "TimeoutSeconds": 60 if stopped else 1}
    machine = aws("stepfunctions").create_state_machine(
        name=f"m-{uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=role("states")
    )["stateMachineArn"]
    execution = aws("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"]
    if stopped:
        aws("stepfunctions").stop_execution(executionArn=execution)
    until(lambda: sum_of(aws, "AWS/States", metric, StateMachineArn=machine) == [1.0])
    assert sum_of(aws, "AWS/States", "ExecutionsSucceeded", StateMachineArn=machine) == [0.0]


def test_a_table_counts_the_time_of_each_operation(aws: Client) -> None:
    from botocore.exceptions import ClientError

    table = f"t-{uuid4().hex[:8]}"
    aws("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for _ in range(3):
        aws("dynamodb").batch_get_item(RequestItems={table: {"Keys": [{"k": {"S": "1"}}]}})
    with pytest.raises(ClientError):
        aws("dynamodb").get_item(TableName=table, Key={"wrong": {"S": "1"}})
    of = {"TableName": table, "Operation": "BatchGetItem"}
    assert sum_of(aws, "AWS/DynamoDB", "SuccessfulRequestLatency", "SampleCount", **of) == [3.0]
    assert sum_of(aws, "AWS/DynamoDB", "SuccessfulRequestLatency", TableName=table, Operation="GetItem") == []
    # Published only when there are some, as by DynamoDB itself.
    assert sum_of(aws, "AWS/DynamoDB", "ThrottledRequests", **of) == []
