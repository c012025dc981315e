"""State machines: their role's limits, Fargate tasks that fail, waits, retries; and Lambda behind them."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.waiting import until

pytestmark = pytest.mark.local

RUN_TASK = "arn:aws:states:::ecs:runTask.sync"
ECS_EVENTS = (
    ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
    "arn:aws:events:*:*:rule/StepFunctionsGetEventsForECSTaskRule",
)


@pytest.fixture
def execute(aws: Callable[..., Any], role: Callable[..., str]) -> Callable[..., dict[str, Any]]:
    """`execute(states, *allowed)` runs a JSONata state machine that starts at its first state."""

    def run(
        states: dict[str, Any], *allowed: Any, trust: str = "states", wait: bool = True
    ) -> dict[str, Any]:
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
        machine = aws("stepfunctions").create_state_machine(
            name=f"machine-{uuid4().hex[:8]}",
            definition=json.dumps(definition),
            roleArn=role(trust, *allowed),
        )["stateMachineArn"]
        arn = aws("stepfunctions").start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        return ended(aws, arn) if wait else {"executionArn": arn}

    return run


def ended(aws: Callable[..., Any], arn: str) -> dict[str, Any]:
    def found() -> Any:
        execution = aws("stepfunctions").describe_execution(executionArn=arn)
        return execution if execution["status"] != "RUNNING" else None

    return dict(until(found))


def invoke(name: str, **more: Any) -> dict[str, Any]:
    resource = "arn:aws:states:::lambda:invoke"
    return {"Type": "Task", "Resource": resource, "Arguments": {"FunctionName": name}, "End": True, **more}


def run_task(definition: str, **more: Any) -> dict[str, Any]:
    arguments = {"Cluster": "machines", "TaskDefinition": definition, "LaunchType": "FARGATE"}
    return {"Type": "Task", "Resource": RUN_TASK, "Arguments": arguments, "End": True, **more}


@pytest.fixture
def task_rights(aws: Callable[..., Any]) -> Callable[[str], list[Any]]:
    def rights(definition: str) -> list[Any]:
        aws("ecs").create_cluster(clusterName="machines")
        found = aws("ecs").describe_task_definition(taskDefinition=definition)["taskDefinition"]
        passed = [("iam:PassRole", found["taskRoleArn"]), ("iam:PassRole", found["executionRoleArn"])]
        return [("ecs:RunTask", definition), *passed, ECS_EVENTS]

    return rights


def test_a_function_that_the_role_allows_is_invoked(execute: Any, function: Any) -> None:
    name = function("def handler(event, context):\n    return {'answer': 42}")
    execution = execute(
        {"Call": invoke(name)}, ("lambda:InvokeFunction", f"arn:aws:lambda:*:*:function:{name}")
    )
    assert execution["status"] == "SUCCEEDED", execution
    assert json.loads(execution["output"])["Payload"] == {"answer": 42}


def test_a_function_that_the_role_does_not_allow_fails_the_state(execute: Any, function: Any) -> None:
    name = function("def handler(event, context):\n    return 1")
    execution = execute(
        {"Call": invoke(name)}, ("lambda:InvokeFunction", "arn:aws:lambda:*:*:function:other")
    )
    assert execution["error"] == "Lambda.AccessDeniedException"
    assert "assumed-role/role-" in execution["cause"]
    assert "lambda:InvokeFunction" in execution["cause"]


def test_a_role_that_does_not_trust_step_functions_runs_nothing(execute: Any, function: Any) -> None:
    name = function("def handler(event, context):\n    return 1")
    execution = execute({"Call": invoke(name)}, ("lambda:InvokeFunction", "*"), trust="lambda")
    assert "states.amazonaws.com" in execution["cause"]


def test_the_error_of_a_function_is_its_exceptions_class(execute: Any, function: Any) -> None:
    name = function(
        "class BadData(Exception): pass\ndef handler(event, context):\n    raise BadData('no rows')"
    )
    states = {
        "Call": invoke(
            name,
            Catch=[{"ErrorEquals": ["BadData"], "Next": "Caught", "Output": "{% $states.errorOutput %}"}],
        ),
        "Caught": {"Type": "Succeed"},
    }
    execution = execute(states, ("lambda:InvokeFunction", "*"))
    assert execution["status"] == "SUCCEEDED", execution
    cause = json.loads(json.loads(execution["output"])["Cause"])
    assert cause["errorMessage"] == "no rows"
    assert "raise BadData" in cause["stackTrace"][0]


def test_a_task_that_succeeds_answers_with_itself(
    execute: Any, image: Any, task_definition: Any, task_rights: Any
) -> None:
    definition = task_definition(image("print('done')"))
    execution = execute({"Train": run_task(definition)}, *task_rights(definition))
    assert execution["status"] == "SUCCEEDED", execution
    output = json.loads(execution["output"])
    assert output["Containers"][0]["ExitCode"] == 0
    assert output["LastStatus"] == "STOPPED"


def test_a_task_with_an_exit_code_fails_the_state_with_the_task_as_cause(
    execute: Any, image: Any, task_definition: Any, task_rights: Any
) -> None:
    definition = task_definition(image("raise SystemExit(7)"))
    execution = execute({"Train": run_task(definition)}, *task_rights(definition))
    assert execution["error"] == "States.TaskFailed"
    assert json.loads(execution["cause"])["Containers"][0]["ExitCode"] == 7


def test_a_task_that_cannot_start_fails_the_state(
    execute: Any, task_definition: Any, task_rights: Any
) -> None:
    definition = task_definition("000000000000.dkr.ecr.us-east-1.amazonaws.com/absent:v1")
    execution = execute({"Train": run_task(definition)}, *task_rights(definition))
    assert execution["error"] == "States.TaskFailed"
    assert "absent:v1" in json.loads(execution["cause"])["StoppedReason"]


@pytest.mark.parametrize("missing", ["ecs:RunTask", "iam:PassRole"])
def test_running_a_task_needs_run_task_and_pass_role(
    execute: Any, image: Any, task_definition: Any, task_rights: Any, missing: str
) -> None:
    definition = task_definition(image("print()"))
    rights = [right for right in task_rights(definition) if right[0] != missing]
    execution = execute({"Train": run_task(definition)}, *rights)
    assert execution["error"] == "ECS.AccessDeniedException"
    assert missing in execution["cause"]


def test_a_task_past_its_timeout_is_stopped(
    aws: Any, execute: Any, image: Any, task_definition: Any, task_rights: Any
) -> None:
    definition = task_definition(image("import time; time.sleep(60)"))
    execution = execute({"Train": run_task(definition, TimeoutSeconds=2)}, *task_rights(definition))
    assert execution["error"] == "States.Timeout"
    family = definition.rsplit("/", 1)[-1].partition(":")[0]
    running = {"cluster": "machines", "family": family, "desiredStatus": "RUNNING"}
    until(lambda: not aws("ecs").list_tasks(**running)["taskArns"])


def test_stopping_an_execution_stops_its_task(
    aws: Any, execute: Any, image: Any, task_definition: Any, task_rights: Any
) -> None:
    definition = task_definition(image("import time; time.sleep(60)"))
    arn = execute({"Train": run_task(definition)}, *task_rights(definition), wait=False)["executionArn"]
    family = definition.rsplit("/", 1)[-1].partition(":")[0]

    def running() -> list[str]:
        tasks = aws("ecs").list_tasks(cluster="machines", family=family, desiredStatus="RUNNING")
        return list(tasks["taskArns"])

    until(running)
    aws("stepfunctions").stop_execution(executionArn=arn)
    until(lambda: not running())


def test_an_sdk_call_needs_its_own_action(aws: Any, execute: Any) -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:glue:getCrawler",
        "Arguments": {"Name": "some-crawler"},
        "End": True,
    }
    crawler = "arn:aws:glue:us-east-1:000000000000:crawler"
    denied = execute({"Look": state}, ("glue:GetCrawler", f"{crawler}/other"))
    assert denied["error"] == "Glue.AccessDeniedException"
    allowed = execute({"Look": state}, ("glue:GetCrawler", f"{crawler}/some-crawler"))
    assert allowed["error"] == "Glue.EntityNotFoundException"


def test_a_reader_of_items_needs_the_bucket(aws: Any, execute: Any) -> None:
    bucket = f"items-{uuid4().hex[:8]}"
    aws("s3").create_bucket(Bucket=bucket)
    aws("s3").put_object(Bucket=bucket, Key="list.json", Body=b"[1, 2, 3]")
    state = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Arguments": {"Bucket": bucket, "Key": "list.json"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Same",
            "States": {"Same": {"Type": "Pass", "End": True}},
        },
        "End": True,
    }
    denied = execute({"Each": state})
    assert denied["error"] == "States.ItemReaderFailed"
    assert "s3:GetObject" in denied["cause"]
    allowed = execute({"Each": state}, ("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    assert json.loads(allowed["output"]) == [1, 2, 3]


def test_a_wait_takes_its_time(execute: Any) -> None:
    started = time.monotonic()
    assert execute({"Wait": {"Type": "Wait", "Seconds": 1, "End": True}})["status"] == "SUCCEEDED"
    assert time.monotonic() - started > 1


def test_a_retry_is_made_with_its_delay(aws: Any, execute: Any, function: Any) -> None:
    name = function(
        """
        import os, pathlib
        def handler(event, context):
            marker = pathlib.Path(os.environ["TMPDIR"]) / "tried"
            if not marker.exists():
                marker.touch()
                raise OSError("once")
            return "second"
        """
    )
    retry = [{"ErrorEquals": ["OSError"], "IntervalSeconds": 1, "MaxAttempts": 2, "JitterStrategy": "FULL"}]
    execution = execute({"Call": invoke(name, Retry=retry)}, ("lambda:InvokeFunction", "*"))
    assert json.loads(execution["output"])["Payload"] == "second"


def test_jitter_and_the_longest_delay_are_honoured() -> None:
    from ministack.services import stepfunctions

    from engage_cli.local.step_functions import wrap_find_matching_retrier

    find = wrap_find_matching_retrier(stepfunctions._find_matching_retrier)
    retrier = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 4, "BackoffRate": 3, "MaxDelaySeconds": 10}
    found, index = find([retrier], "E", {0: 1})
    assert (found["IntervalSeconds"], found["BackoffRate"], index) == (10, 1, 0)
    delays = {
        find([{**retrier, "JitterStrategy": "FULL"}], "E", {0: 1})[0]["IntervalSeconds"] for _ in range(20)
    }
    assert len(delays) > 1
    assert all(0 <= delay <= 10 for delay in delays)
    assert find([retrier], "E", {0: 3})[0] is None


def messages(aws: Callable[..., Any], name: str) -> list[str]:
    return [
        event["message"]
        for event in aws("logs").filter_log_events(logGroupName=f"/engage/test/{name}")["events"]
    ]


def test_output_and_report_of_a_function_are_in_its_log_group(aws: Any, function: Any) -> None:
    name = function(
        """
        import logging
        logging.getLogger().setLevel(logging.INFO)
        def handler(event, context):
            print("printed", event["x"])
            logging.info("logged")
            return [context.aws_request_id, context.log_group_name, context.memory_limit_in_mb]
        """
    )
    answer = aws("lambda").invoke(FunctionName=name, Payload=json.dumps({"x": 1}))
    request_id, group, memory = json.loads(answer["Payload"].read())
    assert (group, memory) == (f"/engage/test/{name}", "256")
    start, printed, logged, end, report = messages(aws, name)
    assert start == f"START RequestId: {request_id} Version: $LATEST"
    assert printed == "printed 1"
    assert logged.startswith("[INFO]\t")
    assert logged.endswith(f"\t{request_id}\tlogged")
    assert end == f"END RequestId: {request_id}"
    fields = dict(part.split(": ") for part in report.split("\t"))
    assert fields["REPORT RequestId"] == request_id
    assert fields["Memory Size"] == "256 MB"
    assert 5 < int(fields["Max Memory Used"].split()[0]) < 256
    assert float(fields["Duration"].split()[0]) < int(fields["Billed Duration"].split()[0])
    assert "Init Duration" in fields
    aws("lambda").invoke(FunctionName=name, Payload=json.dumps({"x": 2}))
    assert "Init Duration" not in messages(aws, name)[-1]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import absent_module\ndef handler(e, c): pass", "Runtime.ImportModuleError"),
        ("def other(e, c): pass", "Runtime.HandlerNotFound"),
        ("import os\ndef handler(e, c): os._exit(3)", "Runtime.ExitError"),
        ("def handler(e, c): return b'x' * 2 and object()", "TypeError"),
        ("import time\ndef handler(e, c): time.sleep(30)", "Sandbox.Timedout"),
        (
            "import time\ndef handler(e, c):\n    b = bytearray(400_000_000)\n    time.sleep(50)",
            "Runtime.OutOfMemory",
        ),
    ],
)
def test_a_function_that_cannot_answer_says_why(aws: Any, function: Any, source: str, kind: str) -> None:
    # Only what is to be timed out is given little time: a slow machine takes a while to start a function.
    name = function(source, Timeout=2 if kind == "Sandbox.Timedout" else 60)
    answer = aws("lambda").invoke(FunctionName=name)
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read())["errorType"] == kind
    assert messages(aws, name)[-1].startswith("REPORT")


def test_a_function_sees_a_clean_environment(aws: Any, endpoint: Any, function: Any) -> None:
    name = function(
        """
        import os, sys
        def handler(event, context):
            return [dict(os.environ), sys.path]
        """,
        Environment={"Variables": {"MINE": "1", "AWS_PROFILE": "other"}},
    )
    environment, path = json.loads(aws("lambda").invoke(FunctionName=name)["Payload"].read())
    assert environment["MINE"] == "1"
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert endpoint.secret_key not in environment.values()
    assert not {"AUTH", "STATE_DIR"} & set(environment)
    assert environment["PYTHONPATH"].endswith("/sealed"), "only what seals the programs it starts"
    assert not [entry for entry in path if entry.endswith(("engage_cli", "local"))]


def test_an_api_may_invoke_a_function_only_with_its_permission(
    aws: Any, endpoint: Any, function: Any
) -> None:
    import http.client

    name = function(
        "def handler(event, context):\n    return {'statusCode': 200, 'body': event['httpMethod']}"
    )
    gateway = aws("apigateway")
    api = gateway.create_rest_api(name=name)["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    arn = aws("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="POST", authorizationType="NONE")
    gateway.put_integration(
        restApiId=api,
        resourceId=root,
        httpMethod="POST",
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations",
    )
    gateway.create_deployment(restApiId=api, stageName="v1")

    def call() -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=60)
        connection.request("POST", f"/restapis/{api}/v1/_user_request_/", body="{}")
        response = connection.getresponse()
        return response.status, response.read()

    assert call()[0] == 500
    aws("lambda").add_permission(
        FunctionName=name,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:000000000000:{api}/*/POST/",
    )
    assert call() == (200, b"POST")
