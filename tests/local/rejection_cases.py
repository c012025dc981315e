"""Calls that AWS rejects, with the error code and words of its answer: the table of test_rejections.py."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ACCOUNT, REGION = "000000000000", "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/rejected-lambda"
STATES_ROLE = f"arn:aws:iam::{ACCOUNT}:role/rejected-states"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:rejected"
BUCKET, TABLE, FUNCTION = "rejected-bucket", "rejected-table", "rejected-function"
PASS = {"Type": "Pass", "End": True}
Parameters = dict[str, Any] | Callable[[], dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """`service.call(**parameters)` must fail with `code`, and its message must hold `words`."""

    name: str
    service: str
    call: str
    parameters: Parameters
    code: str
    words: str = ""


def archive(files: dict[str, bytes]) -> bytes:
    """A zip of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return buffer.getvalue()


def _states() -> list[Case]:
    def machine(case: str, definition: Any, code: str = "InvalidDefinition", **other: Any) -> Case:
        text = definition if isinstance(definition, str) else json.dumps(definition)
        parameters = {"name": "new", "definition": text, "roleArn": STATES_ROLE, **other}
        return Case(f"state machine: {case}", "stepfunctions", "create_state_machine", parameters, code)

    def states(**every: Any) -> dict[str, Any]:
        return {"StartAt": "A", "States": every}

    def execution(case: str, code: str, **other: Any) -> Case:
        parameters = {"stateMachineArn": MACHINE, **other}
        return Case(f"execution: {case}", "stepfunctions", "start_execution", parameters, code)

    good = states(A=PASS)
    return [
        machine("without StartAt", {"States": {"A": PASS}}),
        machine("starting at no state", {"StartAt": "B", "States": {"A": PASS}}),
        machine("with an unknown Next", states(A={"Type": "Pass", "Next": "B"})),
        machine("with a bad JSONPath", states(A={**PASS, "InputPath": "$.[broken"})),
        machine("with a bad ResultPath", states(A={**PASS, "ResultPath": "result"})),
        machine("with an unreachable state", states(A=PASS, B=PASS)),
        machine("with a Choice without Choices", states(A={"Type": "Choice"})),
        machine("with a Choice that goes nowhere known",
                states(A={"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "B"}]})),
        machine("with duplicate keys", '{"StartAt":"A","StartAt":"A","States":{"A":{"Type":"Succeed"}}}'),
        machine("that is not JSON", "StartAt: A"),
        machine("with a state without Type", states(A={"End": True})),
        machine("with a state of unknown Type", states(A={"Type": "Sleep", "End": True})),
        machine("with a state that never ends", states(A={"Type": "Pass"})),
        machine("without states", {"StartAt": "A", "States": {}}),
        machine("with a Task without Resource", states(A={"Type": "Task", "End": True})),
        machine("with a Wait without a time", states(A={"Type": "Wait", "End": True})),
        machine("with a Map without a processor", states(A={"Type": "Map", "End": True})),
        machine("with a Parallel without branches", states(A={"Type": "Parallel", "End": True})),
        machine("with an unknown query language", {**good, "QueryLanguage": "SQL"}),
        machine("with a Catch to an unknown state",
                states(A={**PASS, "Type": "Task", "Resource": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f",
                          "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}]})),
        machine("with a negative time-out",
                states(A={**PASS, "Type": "Task", "Resource": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f",
                          "TimeoutSeconds": -1})),
        machine("whose name has 81 characters", good, "ValidationException", name="n" * 81),
        machine("whose name has a space", good, "InvalidName", name="a b"),
        machine("whose role is no ARN", good, "InvalidArn", roleArn="role"),
        execution("with input over 256 KiB", "ValidationException", input=json.dumps("x" * 262_144)),
        execution("with input that is not JSON", "InvalidExecutionInput", input="{"),
        execution("of what is no ARN", "InvalidArn", stateMachineArn="machine"),
        execution("of an unknown machine", "StateMachineDoesNotExist", stateMachineArn=f"{MACHINE}2"),
        execution("whose name has 81 characters", "ValidationException", name="n" * 81),
    ]  # fmt: skip


def _functions() -> list[Case]:
    def function(name: str, code: str, words: str = "", **other: Any) -> Case:
        def parameters() -> dict[str, Any]:
            made = {key: value() if callable(value) else value for key, value in other.items()}
            return {"FunctionName": "new", "Runtime": "python3.13", "Role": ROLE, "Handler": "app.handler",
                    "Code": {"ZipFile": archive({"app.py": b"def handler(e, c): pass"})}, **made}  # fmt: skip

        return Case(f"function: {name}", "lambda", "create_function", parameters, code, words)

    def variables(**values: str) -> dict[str, Any]:
        return {"Environment": {"Variables": values}}

    invalid, constraint = "InvalidParameterValueException", "ValidationException"
    elsewhere = {"FunctionName": FUNCTION, "StatementId": "s", "Action": "lambda:InvokeFunction"}
    return [
        function("whose name has 65 characters", constraint, "64", FunctionName="f" * 65),
        function("with 127 MB", constraint, "128", MemorySize=127),
        function("with 10,241 MB", constraint, "10240", MemorySize=10_241),
        function("with 901 seconds", constraint, "900", Timeout=901),
        function("with 0 seconds", constraint, "1", Timeout=0),
        function("with a reserved variable", invalid, "AWS_REGION", **variables(AWS_REGION="x")),
        function("with variables over 4 KB", invalid, "4KB", **variables(LONG="x" * 4096)),
        function("with an unknown runtime", invalid, Runtime="python2.6"),
        function("with a role that is no ARN", constraint, Role="role"),
        function("with a role that does not exist", invalid, "cannot be assumed", Role=f"{ROLE}-not"),
        function("with a role that it may not assume", invalid, "cannot be assumed", Role=STATES_ROLE),
        function("whose code is no zip", invalid, Code={"ZipFile": b"text"}),
        function("whose code is missing", invalid, Code={"S3Bucket": BUCKET, "S3Key": "missing.zip"}),
        function("over 250 MB unzipped", invalid, "262144000",
                 Code=lambda: {"ZipFile": archive({"big": bytes(262_144_001)})}),
        function("over 50 MB as a zip", "RequestEntityTooLargeException",
                 Code=lambda: {"ZipFile": archive({"app.py": b""}) + bytes(52_900_000)}),
        function("that exists already", "ResourceConflictException", FunctionName=FUNCTION),
        Case("permission: of an unknown principal", "lambda", "add_permission",
             {**elsewhere, "Principal": "nobody"}, invalid, "principal"),
        Case("permission: of a missing function", "lambda", "add_permission",
             {**elsewhere, "FunctionName": "missing", "Principal": "apigateway.amazonaws.com"},
             "ResourceNotFoundException"),
        Case("invocation: of a missing function", "lambda", "invoke", {"FunctionName": "missing"},
             "ResourceNotFoundException"),
        Case("invocation: with what is not JSON", "lambda", "invoke",
             {"FunctionName": FUNCTION, "Payload": b"{"}, "InvalidRequestContentException"),
        Case("invocation: with over 6 MB", "lambda", "invoke",
             lambda: {"FunctionName": FUNCTION, "Payload": json.dumps("x" * 6_300_000).encode()},
             "RequestEntityTooLargeException"),
    ]  # fmt: skip


def _roles() -> list[Case]:
    def trust(principal: Any, **other: Any) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **other}
        return {"Version": "2012-10-17", "Statement": [statement]}

    service = {"Service": "lambda.amazonaws.com"}

    def role(name: str, code: str, document: Any, **other: Any) -> Case:
        text = document if isinstance(document, str) else json.dumps(document)
        parameters = {"RoleName": "new", "AssumeRolePolicyDocument": text, **other}
        return Case(f"role: {name}", "iam", "create_role", parameters, code)

    def policy(name: str, code: str = "MalformedPolicyDocument", *, version: str = "2012-10-17",
               **changes: Any) -> Case:  # fmt: skip
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **changes}
        document = {"Version": version, "Statement": [{k: v for k, v in statement.items() if v is not None}]}
        parameters = {
            "RoleName": "rejected-lambda",
            "PolicyName": "p",
            "PolicyDocument": json.dumps(document),
        }
        return Case(f"policy: {name}", "iam", "put_role_policy", parameters, code)

    malformed = "MalformedPolicyDocument"
    return [
        role("whose name has 65 characters", "ValidationError", trust(service), RoleName="r" * 65),
        role("whose name has a space", "ValidationError", trust(service), RoleName="a b"),
        role("that trusts an unknown service", malformed, trust({"Service": "nosuch.amazonaws.com"})),
        role("that trusts an unknown role", malformed, trust({"AWS": f"{ROLE}-missing"})),
        role("that trusts nobody", malformed, {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole"}]}),
        role("whose trust is not JSON", malformed, "{"),
        role("whose trust has an unknown effect", malformed, trust(service, Effect="Maybe")),
        policy("without effect", Effect=None),
        policy("without action", Action=None),
        policy("without resource", Resource=None),
        policy("whose action has no service", Action="GetObject"),
        policy("whose resource is no ARN", Resource="bucket/key"),
        policy("with an unknown condition operator", Condition={"StringIsh": {"aws:SourceAccount": "1"}}),
        policy("of an unknown version", version="2020-01-01"),
        policy("with a principal", Principal="*"),
        policy("over 10,240 characters", "LimitExceeded", 
               Resource=[f"arn:aws:s3:::{i:0200}" for i in range(60)]),
        Case("role: unknown", "iam", "get_role", {"RoleName": "missing"}, "NoSuchEntity"),
        Case("session: for 100 seconds", "sts", "assume_role",
             {"RoleArn": ROLE, "RoleSessionName": "session", "DurationSeconds": 100}, "ValidationError"),
        Case("session: with a space in its name", "sts", "assume_role",
             {"RoleArn": ROLE, "RoleSessionName": "a b"}, "ValidationError"),
        Case("session: of a role that trusts another", "sts", "assume_role",
             {"RoleArn": ROLE, "RoleSessionName": "session"}, "AccessDenied", "sts:AssumeRole"),
    ]  # fmt: skip


def _buckets() -> list[Case]:
    def bucket(name: str) -> Case:
        return Case(f"bucket: {name[:20]!r}", "s3", "create_bucket", {"Bucket": name}, "InvalidBucketName")

    def on_bucket(name: str, call: str, code: str, **other: Any) -> Case:
        return Case(f"object: {name}", "s3", call, {"Bucket": BUCKET, **other}, code)

    def resource_policy(**changes: Any) -> str:
        statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                     "Resource": f"arn:aws:s3:::{BUCKET}/*", **changes}  # fmt: skip
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    return [
        *(bucket(name) for name in ("ab", "Upper-Case", "under_score", "a..b", "192.168.0.1", "-a-b",
                                    "b" * 64, "xn--bucket", "bucket-s3alias")),
        on_bucket("with a key of 1,025 bytes", "put_object", "KeyTooLongError", Key="k" * 1025, Body=b""),
        on_bucket("that is missing", "get_object", "NoSuchKey", Key="missing"),
        on_bucket("in a missing bucket", "get_object", "NoSuchBucket", Bucket="missing-bucket", Key="k"),
        on_bucket("with a wrong checksum", "put_object", "BadDigest", Key="k", Body=b"a",
                  ContentMD5="AAAAAAAAAAAAAAAAAAAAAA=="),
        on_bucket("with a range past its end", "get_object", "InvalidRange", Key="kept", Range="bytes=99-"),
        on_bucket("deleted with 1,001 others", "delete_objects", "MalformedXML",
                  Delete={"Objects": [{"Key": str(i)} for i in range(1001)]}),
        Case("bucket: that is not empty", "s3", "delete_bucket", {"Bucket": BUCKET}, "BucketNotEmpty"),
        on_bucket("policy that is not JSON", "put_bucket_policy", "MalformedPolicy", Policy="{"),
        on_bucket("policy of an unknown principal", "put_bucket_policy", "MalformedPolicy",
                  Policy=resource_policy(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/missing"})),
        on_bucket("policy about another bucket", "put_bucket_policy", "MalformedPolicy",
                  Policy=resource_policy(Resource="arn:aws:s3:::other/*")),
        on_bucket("policy about another service", "put_bucket_policy", "MalformedPolicy",
                  Policy=resource_policy(Action="ec2:RunInstances")),
    ]  # fmt: skip


def _items() -> list[Case]:
    def item(name: str, call: str, code: str = "ValidationException", **parameters: Any) -> Case:
        every = {"TableName": TABLE, **parameters}
        return Case(
            f"item: {name}", "dynamodb", call, {k: v for k, v in every.items() if v is not None}, code
        )

    key = {"pk": {"S": "a"}}

    def puts(count: int) -> dict[str, Any]:
        return {TABLE: [{"PutRequest": {"Item": {"pk": {"S": str(i)}}}} for i in range(count)]}

    table = {
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    return [
        item("over 400 KB", "put_item", Item={**key, "big": {"S": "x" * 409_600}}),
        item("with an empty key", "put_item", Item={"pk": {"S": ""}}),
        item("without its key", "put_item", Item={"other": {"S": "a"}}),
        item("with a key of another type", "put_item", Item={"pk": {"N": "1"}}),
        item("with a number that is none", "put_item", Item={**key, "n": {"N": "one"}}),
        item("with a number of 39 digits", "put_item", Item={**key, "n": {"N": "1" * 39}}),
        item("with an empty set", "put_item", Item={**key, "s": {"SS": []}}),
        item("with a key of 2,049 bytes", "put_item", Item={"pk": {"S": "k" * 2049}}),
        item("in a missing table", "get_item", "ResourceNotFoundException", TableName="missing", Key=key),
        item("read by a key with too much", "get_item", Key={**key, "more": {"S": "a"}}),
        item("with a condition that does not hold", "put_item", "ConditionalCheckFailedException",
             Item={"pk": {"S": "kept"}}, ConditionExpression="attribute_not_exists(pk)"),
        item("with a reserved word in an expression", "put_item", Item=key,
             ConditionExpression="attribute_not_exists(status)"),
        item("with a value that no expression uses", "put_item", Item=key,
             ConditionExpression="attribute_not_exists(pk)", ExpressionAttributeValues={":v": {"S": "a"}}),
        item("with an expression that does not parse", "put_item", Item=key, ConditionExpression="pk =="),
        item("26 in one batch", "batch_write_item", TableName=None, RequestItems=puts(26)),
        item("none in one batch", "batch_write_item", TableName=None, RequestItems={TABLE: []}),
        item("twice in one batch", "batch_write_item", TableName=None,
             RequestItems={TABLE: puts(1)[TABLE] * 2}),
        item("101 read in one batch", "batch_get_item", TableName=None,
             RequestItems={TABLE: {"Keys": [{"pk": {"S": str(i)}} for i in range(101)]}}),
        item("queried without its key", "query", KeyConditionExpression="other = :v",
             ExpressionAttributeValues={":v": {"S": "a"}}),
        Case("table: whose name has 256 characters", "dynamodb", "create_table",
             {"TableName": "t" * 256, **table}, "ValidationException"),
        Case("table: whose name has 2 characters", "dynamodb", "create_table",
             {"TableName": "tt", **table}, "ValidationException"),
        Case("table: whose name has a space", "dynamodb", "create_table",
             {"TableName": "a table", **table}, "ValidationException"),
        Case("table: whose key is not defined", "dynamodb", "create_table",
             {"TableName": "new", **table, "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]},
             "ValidationException"),
        Case("table: that exists already", "dynamodb", "create_table", {"TableName": TABLE, **table},
             "ResourceInUseException"),
    ]  # fmt: skip


def _tasks_and_schedules() -> list[Case]:
    def task(name: str, cpu: str | None, memory: str | None, **other: Any) -> Case:
        parameters = {"family": "new", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc",
                      "cpu": cpu, "memory": memory, "containerDefinitions": [{"name": "c", "image": "i"}],
                      **other}  # fmt: skip
        every = {key: value for key, value in parameters.items() if value is not None}
        return Case(f"task: {name}", "ecs", "register_task_definition", every, "ClientException")

    def schedule(name: str, *, words: str = "", code: str = "ValidationException", **other: Any) -> Case:
        parameters = {"Name": "new", "ScheduleExpression": "rate(1 day)",
                      "FlexibleTimeWindow": {"Mode": "OFF"},
                      "Target": {"Arn": MACHINE, "RoleArn": SCHEDULE_ROLE},
                      **other}  # fmt: skip
        return Case(f"schedule: {name}", "scheduler", "create_schedule", parameters, code, words)

    def rule(name: str, **other: Any) -> Case:
        return Case(f"rule: {name}", "events", "put_rule", {"Name": "new", **other}, "ValidationException")

    target = {"Arn": MACHINE, "RoleArn": SCHEDULE_ROLE}
    return [
        task("of 4 vCPU with 64 GB", "4096", "65536"),
        task("of half a GB with 1 vCPU", "1024", "512"),
        task("without a size", None, None),
        task("of 5 vCPU", "5120", "16384"),
        task("without containers", "256", "512", containerDefinitions=[]),
        task("of a mode that Fargate has not", "256", "512", networkMode="bridge"),
        Case("task: in an unknown cluster", "ecs", "run_task",
             {"cluster": "missing", "taskDefinition": "missing"}, "ClusterNotFoundException"),
        schedule("whose name has 65 characters", Name="s" * 65),
        schedule("whose name has a space", Name="a b"),
        schedule("with five fields", ScheduleExpression="cron(0 6 ? * MON)"),
        schedule("on the 13th month", ScheduleExpression="cron(0 6 1 13 ? *)"),
        schedule("on a day of week and of month", ScheduleExpression="cron(0 6 1 * MON *)"),
        schedule("every 0 days", ScheduleExpression="rate(0 days)"),
        schedule("every 2 day", ScheduleExpression="rate(2 fortnights)"),
        schedule("in an unknown time zone", ScheduleExpressionTimezone="Mars/Olympus"),
        schedule("for a target that is no ARN", Target={**target, "Arn": "machine"}),
        schedule("with a role that does not trust it", Target={**target, "RoleArn": STATES_ROLE},
                 words="assume"),
        schedule("with input that is not JSON", Target={**target, "Input": "{"}),
        schedule("in a missing group", code="ResourceNotFoundException", GroupName="missing"),
        rule("whose name has 65 characters", Name="r" * 65, ScheduleExpression="rate(1 day)"),
        rule("with a bad cron expression", ScheduleExpression="cron(61 * * * ? *)"),
        rule("with neither schedule nor pattern"),
        Case("rule: with a pattern that is not JSON", "events", "put_rule",
             {"Name": "new", "EventPattern": "{"}, "InvalidEventPatternException"),
    ]  # fmt: skip


SCHEDULE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/rejected-schedule"


def _others() -> list[Case]:
    alarm = {"AlarmName": "new", "MetricName": "m", "Namespace": "n", "Statistic": "Sum", "Period": 60,
             "EvaluationPeriods": 1, "Threshold": 1.0,
             "ComparisonOperator": "GreaterThanThreshold"}  # fmt: skip
    crawler = {
        "Name": "new",
        "Role": ROLE,
        "DatabaseName": "d",
        "Targets": {"S3Targets": [{"Path": "s3://b"}]},
    }
    group = {"logGroupName": "/rejected"}
    return [
        Case("alarm: with an unknown comparison", "cloudwatch", "put_metric_alarm",
             {**alarm, "ComparisonOperator": "Above"}, "ValidationError"),
        Case("alarm: with an unknown statistic", "cloudwatch", "put_metric_alarm",
             {**alarm, "Statistic": "Mode"}, "ValidationError"),
        Case("alarm: over no period", "cloudwatch", "put_metric_alarm",
             {**alarm, "EvaluationPeriods": 0}, "ValidationError"),
        Case("alarm: with a period of 7 seconds", "cloudwatch", "put_metric_alarm",
             {**alarm, "Period": 7}, "ValidationError"),
        Case("logs: kept for 4 days", "logs", "put_retention_policy", {**group, "retentionInDays": 4},
             "InvalidParameterException"),
        Case("logs: with a name of 513 characters", "logs", "create_log_group",
             {"logGroupName": "g" * 513}, "InvalidParameterException"),
        Case("logs: of a missing group", "logs", "describe_log_streams",
             {"logGroupName": "/missing"}, "ResourceNotFoundException"),
        Case("logs: of a group that exists", "logs", "create_log_group", group,
             "ResourceAlreadyExistsException"),
        Case("query: in a missing work group", "athena", "start_query_execution",
             {"QueryString": "SELECT 1", "WorkGroup": "missing"}, "InvalidRequestException"),
        Case("query: without a place for results", "athena", "start_query_execution",
             {"QueryString": "SELECT 1"}, "InvalidRequestException"),
        Case("query: empty", "athena", "start_query_execution", {"QueryString": ""},
             "InvalidRequestException"),
        Case("query: unknown", "athena", "get_query_execution", {"QueryExecutionId": "missing"},
             "InvalidRequestException"),
        Case("catalogue: missing table", "glue", "get_table", {"DatabaseName": "missing", "Name": "t"},
             "EntityNotFoundException"),
        Case("crawler: in a missing database", "glue", "start_crawler", {"Name": "missing"},
             "EntityNotFoundException"),
        Case("crawler: with a bad schedule", "glue", "create_crawler",
             {**crawler, "Schedule": "cron(nonsense)"}, "InvalidInputException"),
        Case("crawler: without a target", "glue", "create_crawler", {**crawler, "Targets": {}},
             "InvalidInputException"),
        Case("repository: with capitals", "ecr", "create_repository", {"repositoryName": "Upper"},
             "InvalidParameterException"),
        Case("repository: missing", "ecr", "describe_images", {"repositoryName": "missing"},
             "RepositoryNotFoundException"),
        Case("API: missing", "apigateway", "get_rest_api", {"restApiId": "missing"}, "NotFoundException"),
        Case("API: without a name", "apigateway", "create_rest_api", {"name": ""}, "BadRequestException"),
        Case("topic: with a space", "sns", "create_topic", {"Name": "a topic"}, "InvalidParameter"),
        Case("topic: missing", "sns", "publish",
             {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:missing", "Message": "m"}, "NotFound"),
        Case("secret: missing", "secretsmanager", "get_secret_value", {"SecretId": "missing"},
             "ResourceNotFoundException"),
        Case("build: of a missing project", "codebuild", "start_build", {"projectName": "missing"},
             "ResourceNotFoundException"),
    ]  # fmt: skip


CASES = [*_states(), *_functions(), *_roles(), *_buckets(), *_items(), *_tasks_and_schedules(), *_others()]
