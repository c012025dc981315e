"""What AWS rejects is rejected here too, with AWS's error code."""

import json
from typing import Any

import pytest
import rejection_cases as cases
from botocore.exceptions import ClientError

pytestmark = pytest.mark.local


@pytest.fixture(scope="module")
def world(aws: Any) -> None:
    """What the cases refer to and what does exist."""
    for name, service in (("lambda", "lambda"), ("states", "states"), ("schedule", "scheduler")):
        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": f"{service}.amazonaws.com"},
        }
        aws("iam").create_role(
            RoleName=f"rejected-{name}",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
    aws("s3").create_bucket(Bucket=cases.BUCKET)
    aws("s3").put_object(Bucket=cases.BUCKET, Key="kept", Body=b"kept")
    aws("dynamodb").create_table(
        TableName=cases.TABLE,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    aws("dynamodb").put_item(TableName=cases.TABLE, Item={"pk": {"S": "kept"}})
    aws("logs").create_log_group(logGroupName="/rejected")
    aws("lambda").create_function(
        FunctionName=cases.FUNCTION,
        Runtime="python3.13",
        Handler="app.handler",
        Role=cases.ROLE,
        Code={"ZipFile": cases.archive({"app.py": b"def handler(event, context): return event"})},
    )
    definition = {"StartAt": "A", "States": {"A": cases.PASS}}
    aws("stepfunctions").create_state_machine(
        name="rejected", definition=json.dumps(definition), roleArn=cases.STATES_ROLE
    )


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("case", cases.CASES, ids=lambda case: case.name)
def test_what_aws_rejects_is_rejected_with_its_code(strict: Any, case: cases.Case) -> None:
    parameters = case.parameters() if callable(case.parameters) else case.parameters
    with pytest.raises(ClientError) as refused:
        getattr(strict(case.service), case.call)(**parameters)
    error = refused.value.response["Error"]
    assert error["Code"] == case.code, error
    assert case.words in error["Message"]
