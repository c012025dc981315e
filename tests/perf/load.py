"""`make load`: 32 clients at once call one endpoint for a minute; no call may fail.

Mixed calls: S3 put, get and list, DynamoDB put and get, a Lambda invocation, an Athena query, and the REST
API. A 429 of a usage plan is what AWS would answer and is counted apart; everything else that is no success
is a failure.
"""

import argparse
import http.client
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

REGION, STACK = "us-east-1", "load"
# How often each call is made, of 20.
WEIGHTS = {"s3 put": 4, "s3 get": 5, "s3 list": 2, "dynamodb put": 3, "dynamodb get": 3, "lambda invoke": 1,
           "athena query": 1, "api": 1}  # fmt: skip
CODE = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'done'}\n"


@dataclass
class Result:
    """Seconds of every call by kind, failures with their first words, and throttled calls."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: Counter[str] = field(default_factory=Counter)
    throttled: int = 0

    def add(self, other: "Result") -> None:
        for kind, times in other.seconds.items():
            self.seconds[kind] += times
        self.failures += other.failures
        self.throttled += other.throttled

    @property
    def calls(self) -> int:
        return sum(map(len, self.seconds.values()))


class ThrottledError(Exception):
    """The usage plan said 429."""


class Target:
    """The endpoint, the clients that all threads share, and what they call."""

    def __init__(self, url: str, access_key: str, secret_key: str, clients: int) -> None:
        import boto3
        from botocore.config import Config

        config = Config(retries={"max_attempts": 0}, max_pool_connections=clients, inject_host_prefix=False)
        session = boto3.Session(access_key, secret_key, region_name=REGION)
        self.url = url
        self._made = {
            name: session.client(name, endpoint_url=url, config=config)
            for name in ("s3", "dynamodb", "lambda", "athena", "cloudformation", "glue", "secretsmanager")
        }
        self.api_path, self.api_key, self.api_body, self.api_method = "", "", b"", "GET"

    def client(self, name: str) -> Any:
        return self._made[name]

    def prepare(self) -> None:
        """Create the stack, the objects of a table to query, and what is read."""
        cloudformation = self.client("cloudformation")
        s3 = self.client("s3")
        s3.create_bucket(Bucket="load-code")
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("app.py", CODE)
        s3.put_object(Bucket="load-code", Key="code.zip", Body=archive.getvalue())
        cloudformation.create_stack(
            StackName=STACK, TemplateBody=json.dumps(template()), Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        outputs = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
        api = next(one["OutputValue"] for one in outputs if one["OutputKey"] == "Api")
        self.api_path = f"/restapis/{api}/prod/_user_request_/done"
        s3.put_object(Bucket="load-data", Key="numbers/a.csv", Body=b"\n".join(b"%d" % i for i in range(100)))
        s3.put_object(Bucket="load-data", Key="read", Body=os.urandom(10_000))
        self.client("dynamodb").put_item(TableName="load-table", Item={"pk": {"S": "read"}})

    def calls(self) -> dict[str, Callable[[], Any]]:
        """Each kind of call."""
        s3, dynamodb = self.client("s3"), self.client("dynamodb")
        body = os.urandom(10_000)
        return {
            "s3 put": lambda: s3.put_object(Bucket="load-data", Key=f"w/{random.randrange(500)}", Body=body),
            "s3 get": lambda: s3.get_object(Bucket="load-data", Key="read")["Body"].read(),
            "s3 list": lambda: s3.list_objects_v2(Bucket="load-data", Prefix="w/", MaxKeys=100),
            "dynamodb put": lambda: dynamodb.put_item(
                TableName="load-table", Item={"pk": {"S": str(random.randrange(500))}, "n": {"N": "1"}}
            ),
            "dynamodb get": lambda: dynamodb.get_item(TableName="load-table", Key={"pk": {"S": "read"}}),
            "lambda invoke": self._invoke,
            "athena query": self._query,
            "api": self._call_api,
        }

    def _invoke(self) -> None:
        answer = self.client("lambda").invoke(FunctionName="load-function", Payload=b"{}")
        if answer.get("FunctionError"):
            raise RuntimeError(answer["Payload"].read().decode())

    def _query(self) -> None:
        athena = self.client("athena")
        started = athena.start_query_execution(
            QueryString="SELECT count(*) FROM load_db.numbers",
            ResultConfiguration={"OutputLocation": "s3://load-data/results/"},
        )["QueryExecutionId"]
        while True:
            status = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
            if status["State"] not in ("QUEUED", "RUNNING"):
                break
            time.sleep(0.05)
        if status["State"] != "SUCCEEDED":
            raise RuntimeError(status.get("StateChangeReason", status["State"]))
        rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
        if rows[1]["Data"][0]["VarCharValue"] != "100":
            raise RuntimeError(f"wrong answer: {rows}")

    def _call_api(self) -> None:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        try:
            connection.request(
                self.api_method,
                self.api_path,
                body=self.api_body or None,
                headers={"x-api-key": self.api_key},
            )
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status == 429:
            raise ThrottledError
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} {text[:200]!r}")

    def use_prediction_api(self, environment: str) -> None:
        """Call the platform's own predict API instead, for customers that are published."""
        outputs = {
            one["OutputKey"]: one["OutputValue"]
            for one in self.client("cloudformation").describe_stacks(StackName=f"engage-{environment}-api")[
                "Stacks"
            ][0]["Outputs"]
        }
        secret = self.client("secretsmanager").get_secret_value(SecretId=outputs["ApiKeySecretName"])
        self.api_key = secret["SecretString"]
        self.api_path = f"/restapis/{outputs['ApiId']}/{outputs['ApiStage']}/_user_request_/predict"
        self.api_method, self.api_body = "POST", json.dumps({"customer_ids": ["C00000001"]}).encode()


def run(target: Target, clients: int, seconds: float) -> Result:
    """Let `clients` threads make calls until the time is over."""
    kinds, weights = list(WEIGHTS), list(WEIGHTS.values())
    total, lock = Result(), threading.Lock()
    until = time.monotonic() + seconds

    def work() -> None:
        own, calls = Result(), target.calls()
        while time.monotonic() < until:
            kind = random.choices(kinds, weights)[0]
            started = time.perf_counter()
            try:
                calls[kind]()
            except ThrottledError:
                own.throttled += 1
            except Exception as error:
                own.failures[f"{kind}: {type(error).__name__}: {str(error)[:200]}"] += 1
            own.seconds[kind].append(time.perf_counter() - started)
        with lock:
            total.add(own)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return total


def template() -> dict[str, Any]:
    """A table, a function behind a REST API, and a catalogue table over a bucket."""

    def resource(kind: str, **properties: Any) -> dict[str, Any]:
        return {"Type": kind, "Properties": properties}

    def trust(service: str) -> dict[str, Any]:
        allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        return {"Version": "2012-10-17", "Statement": [allow]}

    function = "lambda:path/2015-03-31/functions/${Function.Arn}/invocations"
    uri = {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:" + function}
    column = {"Name": "number", "Type": "bigint"}
    serde = {"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
             "Parameters": {"field.delim": ","}}  # fmt: skip
    storage = {"Columns": [column], "Location": "s3://load-data/numbers/", "SerdeInfo": serde,
               "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
               "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"}  # fmt: skip
    account = {"Ref": "AWS::AccountId"}
    return {
        "Resources": {
            "Data": resource("AWS::S3::Bucket", BucketName="load-data"),
            "Table": resource(
                "AWS::DynamoDB::Table",
                TableName="load-table",
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            ),
            "Role": resource("AWS::IAM::Role", AssumeRolePolicyDocument=trust("lambda.amazonaws.com")),
            "Function": resource(
                "AWS::Lambda::Function",
                FunctionName="load-function",
                Runtime="python3.13",
                Handler="app.handler",
                Role={"Fn::GetAtt": ["Role", "Arn"]},
                Code={"S3Bucket": "load-code", "S3Key": "code.zip"},
                Timeout=30,
                MemorySize=128,
            ),
            "Permission": resource(
                "AWS::Lambda::Permission",
                Action="lambda:InvokeFunction",
                FunctionName={"Ref": "Function"},
                Principal="apigateway.amazonaws.com",
            ),
            "Api": resource("AWS::ApiGateway::RestApi", Name="load"),
            "Path": resource(
                "AWS::ApiGateway::Resource",
                RestApiId={"Ref": "Api"},
                ParentId={"Fn::GetAtt": ["Api", "RootResourceId"]},
                PathPart="done",
            ),
            "Method": resource(
                "AWS::ApiGateway::Method",
                RestApiId={"Ref": "Api"},
                ResourceId={"Ref": "Path"},
                HttpMethod="GET",
                AuthorizationType="NONE",
                Integration={"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri},
            ),
            "Deployment": {
                **resource("AWS::ApiGateway::Deployment", RestApiId={"Ref": "Api"}),
                "DependsOn": "Method",
            },
            "Stage": resource(
                "AWS::ApiGateway::Stage",
                RestApiId={"Ref": "Api"},
                DeploymentId={"Ref": "Deployment"},
                StageName="prod",
            ),
            "Database": resource("AWS::Glue::Database", CatalogId=account, DatabaseInput={"Name": "load_db"}),
            "Numbers": resource(
                "AWS::Glue::Table",
                CatalogId=account,
                DatabaseName={"Ref": "Database"},
                TableInput={"Name": "numbers", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage},
            ),
        },
        "Outputs": {"Api": {"Value": {"Ref": "Api"}}},
    }


def show(result: Result, clients: int, seconds: float) -> None:
    """Print the figures."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table("call", "calls", "p50 ms", "p99 ms", "max ms", box=SIMPLE_HEAD)
    for kind, times in sorted(result.seconds.items()):
        ordered = sorted(times)
        row = (ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], ordered[-1])
        table.add_row(kind, str(len(ordered)), *(f"{value * 1000:.0f}" for value in row))
    console = Console()
    console.print(table)
    failed = sum(result.failures.values())
    console.print(
        f"{clients} clients, {seconds:.0f} s: {result.calls:,} calls ({result.calls / seconds:,.0f}/s), "
        f"{failed} failed, {result.throttled} throttled by the usage plan (429)"
    )
    for text, count in result.failures.most_common(10):
        console.print(f"  {count} x {text}", markup=False)


def main() -> int:
    from engage_cli.local import process

    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--customers", type=int, default=3000, help="0: no platform, an API of its own")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="engage-load-") as folder:
        home = Path(folder)
        if options.customers:
            command = [sys.executable, "-m", "engage_cli", "demo", "--customers", str(options.customers)]
            subprocess.run(command, env={**os.environ, "ENGAGE_HOME": folder}, cwd=folder, check=True,
                           stdout=subprocess.DEVNULL)  # fmt: skip
        endpoint = process.ensure_started(home)
        try:
            target = Target(endpoint.url, endpoint.access_key, endpoint.secret_key, options.clients)
            target.prepare()
            if options.customers:
                target.use_prediction_api("dev")
            result = run(target, options.clients, options.seconds)
        finally:
            process.stop(home)
    show(result, options.clients, options.seconds)
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main())
