"""Clients that write to an endpoint until it is killed, and remember what they were told.

Each client is a thread with keys of its own, so that what must be there is known without order between
threads: the last value that was acknowledged or, when the kill came while a call was under way, that
call's value.
"""

import hashlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import create_loader
from botocore.session import Session

from engage_cli.local import process

# Reads the descriptions of the services once for all clients: else they are what takes the time.
_LOADER = create_loader()
BUCKET, TABLE, DATABASE, GROUP = "survival", "survival-items", "survival", "/survival"
_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
_WAITING = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}})


class Clients:
    """boto3 clients of one endpoint, without retries: what was not answered counts as not acknowledged."""

    def __init__(self, endpoint: process.Endpoint) -> None:
        core = Session()
        core.register_component("data_loader", _LOADER)
        keys = (endpoint.access_key, endpoint.secret_key)
        self._session = boto3.Session(*keys, region_name="us-east-1", botocore_session=core)
        self._url = endpoint.url
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        if service not in self._made:
            config = Config(retries={"total_max_attempts": 1}, read_timeout=20, inject_host_prefix=False)
            self._made[service] = self._session.client(service, endpoint_url=self._url, config=config)
        return self._made[service]


def prepare(aws: Clients) -> None:
    """Make what the writers write into."""
    aws("s3").create_bucket(Bucket=BUCKET)
    aws("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    aws("glue").create_database(DatabaseInput={"Name": DATABASE})
    aws("logs").create_log_group(logGroupName=GROUP)
    role = aws("iam").create_role(RoleName="survival", AssumeRolePolicyDocument=_TRUST)["Role"]["Arn"]
    aws("stepfunctions").create_state_machine(name="survival", definition=_WAITING, roleArn=role)


class Writer:
    """One client's calls: `told[kind, key]` is what it was told last, `doubtful` the call without answer."""

    def __init__(self, number: int, seed: int) -> None:
        self._number = number
        self._random = Random(f"{seed}-{number}")
        self._count = 0
        self.told: dict[tuple[str, str], Any] = {}
        self.doubtful: tuple[tuple[str, str], Any] | None = None

    def run(self, aws: Clients, stopped: threading.Event) -> None:
        """Call until the endpoint is gone."""
        kinds = list(_KINDS)
        weights = [6, 8, 2, 1, 1, 2, 1, 1, 2][: len(kinds)]
        while not stopped.is_set():
            kind = self._random.choices(kinds, weights)[0]
            write, _, values = _KINDS[kind]
            self._count += 1
            key = f"w{self._number}-{self._random.randrange(8) if values else self._count}"
            value = None if values > 1 and self._random.random() < 0.15 else self._value(kind)
            self.doubtful = ((kind, key), value)
            try:
                write(aws, key, value, self.told.get((kind, key)))
            except (BotoCoreError, ClientError):
                return
            self.told[kind, key] = value
            self.doubtful = None

    def lost(self, aws: Clients) -> list[str]:
        """What is not as this client was told. A call without an answer may have taken place, or not."""
        wrong = []
        doubtful, self.doubtful = self.doubtful, None
        for (kind, key), value in sorted(self.told.items(), key=lambda item: item[0]):
            found = _KINDS[kind][1](aws, key)
            allowed = [value]
            if doubtful is not None and doubtful[0] == (kind, key):
                allowed.append(doubtful[1])
            if found not in allowed:
                wrong.append(f"{kind} {key}: told {value!r}, found {found!r}")
            self.told[kind, key] = found
        if doubtful is not None and doubtful[0] not in self.told:
            found = _KINDS[doubtful[0][0]][1](aws, doubtful[0][1])
            if found not in (None, doubtful[1]):
                wrong.append(f"{doubtful[0]}: half of {doubtful[1]!r} is there: {found!r}")
            self.told[doubtful[0]] = found
        return wrong

    def _value(self, kind: str) -> str:
        size = self._random.choice((0, 300, 30_000)) if kind in ("object", "item", "secret") else 0
        mark = f"{self._number}-{self._count}"
        return mark + hashlib.sha256(mark.encode()).hexdigest() * (size // 64)


def _missing(call: Callable[[], Any], *codes: str) -> Any:
    try:
        return call()
    except ClientError as error:
        if error.response["Error"]["Code"] in codes:
            return None
        raise


def _put_object(aws: Clients, key: str, value: str | None, _: Any) -> None:
    if value is None:
        aws("s3").delete_object(Bucket=BUCKET, Key=key)
    else:
        aws("s3").put_object(Bucket=BUCKET, Key=key, Body=value.encode(), Metadata={"size": str(len(value))})


def _get_object(aws: Clients, key: str) -> str | None:
    answer = _missing(lambda: aws("s3").get_object(Bucket=BUCKET, Key=key), "NoSuchKey")
    if answer is None:
        return None
    body = answer["Body"].read()
    # Bytes and metadata must be of the same object.
    assert answer["ETag"].strip('"') == hashlib.md5(body, usedforsecurity=False).hexdigest()
    assert answer["Metadata"]["size"] == str(len(body))
    return str(body.decode())


def _put_item(aws: Clients, key: str, value: str | None, _: Any) -> None:
    if value is None:
        aws("dynamodb").delete_item(TableName=TABLE, Key={"id": {"S": key}})
    else:
        aws("dynamodb").put_item(TableName=TABLE, Item={"id": {"S": key}, "value": {"S": value}})


def _get_item(aws: Clients, key: str) -> str | None:
    item = aws("dynamodb").get_item(TableName=TABLE, Key={"id": {"S": key}}).get("Item")
    return None if item is None else str(item["value"]["S"])


def _put_table(aws: Clients, key: str, value: str | None, before: Any) -> None:
    table = {"Name": key, "Parameters": {"value": str(value)}}
    call = aws("glue").update_table if before else aws("glue").create_table
    call(DatabaseName=DATABASE, TableInput=table)


def _create_stack(aws: Clients, key: str, value: str | None, _: Any) -> None:
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v", "Name": key}}
    aws("cloudformation").create_stack(
        StackName=key, TemplateBody=json.dumps({"Resources": {"P": parameter}}), Tags=[_tag(value)]
    )
    aws("cloudformation").get_waiter("stack_create_complete").wait(StackName=key, WaiterConfig={"Delay": 0})


def _get_stack(aws: Clients, key: str) -> str | None:
    answer = _missing(lambda: aws("cloudformation").describe_stacks(StackName=key), "ValidationError")
    if answer is None:
        return None
    stack = answer["Stacks"][0]
    if stack["StackStatus"] == "CREATE_COMPLETE":
        aws("ssm").get_parameter(Name=key)
    return str(stack["Tags"][0]["Value"])


def _create_role(aws: Clients, key: str, value: str | None, _: Any) -> None:
    aws("iam").create_role(RoleName=key, AssumeRolePolicyDocument=_TRUST, Tags=[_tag(value)])


def _get_role(aws: Clients, key: str) -> str | None:
    answer = _missing(lambda: aws("iam").get_role(RoleName=key), "NoSuchEntity")
    return None if answer is None else str(answer["Role"]["Tags"][0]["Value"])


def _put_secret(aws: Clients, key: str, value: str | None, before: Any) -> None:
    if before:
        aws("secretsmanager").put_secret_value(SecretId=key, SecretString=value)
    else:
        aws("secretsmanager").create_secret(Name=key, SecretString=value)


def _get_secret(aws: Clients, key: str) -> str | None:
    answer = _missing(
        lambda: aws("secretsmanager").get_secret_value(SecretId=key), "ResourceNotFoundException"
    )
    return None if answer is None else str(answer["SecretString"])


def _start(aws: Clients, key: str, value: str | None, _: Any) -> None:
    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:survival"
    aws("stepfunctions").start_execution(stateMachineArn=machine, name=key, input=json.dumps(value))


def _get_execution(aws: Clients, key: str) -> str | None:
    arn = f"arn:aws:states:us-east-1:000000000000:execution:survival:{key}"
    answer = _missing(
        lambda: aws("stepfunctions").describe_execution(executionArn=arn), "ExecutionDoesNotExist"
    )
    if answer is None:
        return None
    # The wait is far longer than the test, so a run that is there was interrupted.
    assert (answer["status"], answer["redriveStatus"]) == ("FAILED", "REDRIVABLE"), answer
    assert "endpoint ended" in answer["cause"]
    return str(json.loads(answer["input"]))


def _log(aws: Clients, key: str, value: str | None, _: Any) -> None:
    aws("logs").create_log_stream(logGroupName=GROUP, logStreamName=key)
    events = [{"timestamp": 1_790_000_000_000 + n, "message": f"{n} {value}"} for n in range(3)]
    aws("logs").put_log_events(logGroupName=GROUP, logStreamName=key, logEvents=events)


def _get_log(aws: Clients, key: str) -> str | None:
    answer = _missing(
        lambda: aws("logs").get_log_events(logGroupName=GROUP, logStreamName=key, startFromHead=True),
        "ResourceNotFoundException",
    )
    if answer is None or not answer["events"]:
        return None
    first, *others = [event["message"].partition(" ")[2] for event in answer["events"]]
    assert others == [first, first]
    return str(first)


def _get_table(aws: Clients, key: str) -> str | None:
    answer = _missing(
        lambda: aws("glue").get_table(DatabaseName=DATABASE, Name=key), "EntityNotFoundException"
    )
    return None if answer is None else str(answer["Table"]["Parameters"]["value"])


def _tag(value: str | None) -> dict[str, str]:
    return {"Key": "value", "Value": str(value)}


# What is written, how it is read back, and whether a key is used once (0), again (1), or also deleted (2).
_KINDS: dict[str, tuple[Callable[..., None], Callable[[Clients, str], Any], int]] = {
    "object": (_put_object, _get_object, 2),
    "item": (_put_item, _get_item, 2),
    "table": (_put_table, _get_table, 1),
    "stack": (_create_stack, _get_stack, 0),
    "role": (_create_role, _get_role, 0),
    "secret": (_put_secret, _get_secret, 1),
    "execution": (_start, _get_execution, 0),
    "log": (_log, _get_log, 0),
}


def kill_and_look(home: Path, kills: int, seed: int, writers: int = 4) -> Iterator[tuple[int, list[str]]]:
    """Kill the endpoint of `home` `kills` times while it is written to: calls acknowledged, what was lost."""
    random = Random(seed)
    endpoint = process.ensure_started(home)
    prepare(Clients(endpoint))
    clients = [Writer(number, seed) for number in range(writers)]
    for _ in range(kills):
        stopped = threading.Event()
        threads = [
            threading.Thread(target=writer.run, args=(Clients(endpoint), stopped)) for writer in clients
        ]
        for thread in threads:
            thread.start()
        time.sleep(random.uniform(0.15, 1.2))
        os.kill(endpoint.pid, signal.SIGKILL)
        stopped.set()
        for thread in threads:
            thread.join()
        endpoint = process.ensure_started(home)
        lost = [line for writer in clients for line in writer.lost(Clients(endpoint))]
        yield sum(len(writer.told) for writer in clients), lost
