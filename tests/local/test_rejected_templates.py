"""Templates that CloudFormation rejects, at once or while it creates resources, are rejected here too."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.local
TOPIC = {"Type": "AWS::SNS::Topic"}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    ],
}

UNKNOWN_TRUST = json.loads(json.dumps(TRUST).replace("lambda", "nosuch"))


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def template(**parts: Any) -> str:
    return json.dumps({"Resources": {"Topic": TOPIC}, **parts})


AT_ONCE: list[tuple[str, dict[str, Any], str]] = [
    (
        "over 51,200 bytes inline",
        {"TemplateBody": template(Description="d" * 1000, Metadata={"x": "y" * 51_000})},
        "51200",
    ),
    (
        "an unresolved Ref",
        {"TemplateBody": template(Outputs={"O": {"Value": {"Ref": "Missing"}}})},
        "Missing",
    ),
    (
        "an unresolved Ref in a resource",
        {
            "TemplateBody": template(
                Resources={"T": resource("AWS::SNS::Topic", TopicName={"Ref": "Missing"})}
            )
        },
        "Unresolved resource dependencies [Missing]",
    ),
    (
        "an unresolved GetAtt",
        {
            "TemplateBody": template(
                Resources={"T": resource("AWS::SNS::Topic", TopicName={"Fn::GetAtt": "No.Arn"})}
            )
        },
        "No",
    ),
    (
        "a circular dependency",
        {
            "TemplateBody": template(
                Resources={"A": {**TOPIC, "DependsOn": "B"}, "B": {**TOPIC, "DependsOn": "A"}}
            )
        },
        "Circular dependency between resources",
    ),
    (
        "a missing parameter",
        {"TemplateBody": template(Parameters={"P": {"Type": "String"}})},
        "Parameters: [P] must have values",
    ),
    (
        "a parameter that it does not have",
        {"TemplateBody": template(), "Parameters": [{"ParameterKey": "P", "ParameterValue": "x"}]},
        "[P]",
    ),
    (
        "a value that is not allowed",
        {
            "TemplateBody": template(Parameters={"P": {"Type": "String", "AllowedValues": ["a"]}}),
            "Parameters": [{"ParameterKey": "P", "ParameterValue": "x"}],
        },
        "P",
    ),
    (
        "a value that breaks its pattern",
        {
            "TemplateBody": template(Parameters={"P": {"Type": "String", "AllowedPattern": "[a-z]+"}}),
            "Parameters": [{"ParameterKey": "P", "ParameterValue": "9"}],
        },
        "P",
    ),
    (
        "text for a number",
        {
            "TemplateBody": template(Parameters={"P": {"Type": "Number"}}),
            "Parameters": [{"ParameterKey": "P", "ParameterValue": "x"}],
        },
        "P",
    ),
    (
        "a number past its maximum",
        {
            "TemplateBody": template(Parameters={"P": {"Type": "Number", "MaxValue": 5}}),
            "Parameters": [{"ParameterKey": "P", "ParameterValue": "6"}],
        },
        "P",
    ),
    (
        "an unknown resource type",
        {"TemplateBody": template(Resources={"R": resource("AWS::Nope::Thing")})},
        "AWS::Nope::Thing",
    ),
    ("an unknown section", {"TemplateBody": template(Nonsense={})}, "Nonsense"),
    (
        "an unknown function",
        {"TemplateBody": template(Resources={"T": resource("AWS::SNS::Topic", TopicName={"Fn::Nope": "x"})})},
        "Fn::Nope",
    ),
    ("no resources", {"TemplateBody": template(Resources={})}, "At least one Resources member"),
    ("what is no template", {"TemplateBody": "- a\n- list"}, ""),
    (
        "an unknown condition",
        {"TemplateBody": template(Resources={"T": {**TOPIC, "Condition": "Missing"}})},
        "Missing",
    ),
    (
        "an unknown dependency",
        {"TemplateBody": template(Resources={"T": {**TOPIC, "DependsOn": "Missing"}})},
        "Missing",
    ),
    ("a stack name of 129 characters", {"StackName": "s" * 129, "TemplateBody": template()}, "128"),
    ("a stack name with an underscore", {"StackName": "a_b", "TemplateBody": template()}, "a_b"),
]


@pytest.mark.parametrize(("what", "arguments", "words"), AT_ONCE, ids=[case[0] for case in AT_ONCE])
def test_a_template_is_refused_before_anything_is_made(
    aws: Callable[..., Any], what: str, arguments: dict[str, Any], words: str
) -> None:
    name = f"rejected-{uuid4().hex[:8]}"
    with pytest.raises(ClientError) as refused:
        aws("cloudformation").create_stack(**{"StackName": name, **arguments})
    error = refused.value.response["Error"]
    assert error["Code"] == "ValidationError"
    assert words in error["Message"]


def test_named_roles_need_a_capability(aws: Callable[..., Any]) -> None:
    role = resource("AWS::IAM::Role", RoleName="x", AssumeRolePolicyDocument=TRUST)
    with pytest.raises(ClientError, match="InsufficientCapabilitiesException"):
        aws("cloudformation").create_stack(StackName="c", TemplateBody=template(Resources={"R": role}))


def test_an_update_without_a_change_is_refused(aws: Callable[..., Any]) -> None:
    name = f"unchanged-{uuid4().hex[:8]}"
    aws("cloudformation").create_stack(StackName=name, TemplateBody=template())
    aws("cloudformation").get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    with pytest.raises(ClientError, match="No updates are to be performed"):
        aws("cloudformation").update_stack(StackName=name, TemplateBody=template())


def test_the_value_of_a_no_echo_parameter_is_never_shown(aws: Callable[..., Any]) -> None:
    name = f"secret-{uuid4().hex[:8]}"
    aws("cloudformation").create_stack(
        StackName=name,
        TemplateBody=template(Parameters={"P": {"Type": "String", "NoEcho": True}}),
        Parameters=[{"ParameterKey": "P", "ParameterValue": "hidden"}],
    )
    shown = aws("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["Parameters"]
    assert shown == [{"ParameterKey": "P", "ParameterValue": "****"}]


STATE = {"Type": "Pass", "End": True}
ROLE = resource("AWS::IAM::Role", RoleName="rejected-in-template", AssumeRolePolicyDocument=TRUST)
WHILE_CREATING: list[tuple[str, dict[str, Any], str]] = [
    ("an unknown property", resource("AWS::SNS::Topic", Nonsense=1), "extraneous key [Nonsense]"),
    (
        "text where a number is expected",
        resource("AWS::Logs::LogGroup", RetentionInDays="soon"),
        "RetentionInDays",
    ),
    ("a number that is not allowed", resource("AWS::Logs::LogGroup", RetentionInDays=4), "RetentionInDays"),
    ("a list where text is expected", resource("AWS::SNS::Topic", TopicName=["a"]), "TopicName"),
    (
        "a missing property",
        resource("AWS::IAM::Role", RoleName="x"),
        "required key [AssumeRolePolicyDocument]",
    ),
    ("a bucket name with capitals", resource("AWS::S3::Bucket", BucketName="Upper"), "BucketName"),
    ("a bucket name that is an address", resource("AWS::S3::Bucket", BucketName="10.0.0.1"), "not valid"),
    (
        "a table name of 256 characters",
        resource(
            "AWS::DynamoDB::Table",
            TableName="t" * 256,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        ),
        "tableName",
    ),
    (
        "a role that trusts an unknown service",
        resource("AWS::IAM::Role", AssumeRolePolicyDocument=UNKNOWN_TRUST),
        "Invalid principal in policy",
    ),
    (
        "a policy without a vendor",
        resource(
            "AWS::IAM::Role",
            AssumeRolePolicyDocument=TRUST,
            Policies=[
                {
                    "PolicyName": "p",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [{"Effect": "Allow", "Action": "Get", "Resource": "*"}],
                    },
                }
            ],
        ),
        "prefaced by a vendor",
    ),
    (
        "a state machine without StartAt",
        resource(
            "AWS::StepFunctions::StateMachine",
            RoleArn="arn:aws:iam::000000000000:role/r",
            DefinitionString=json.dumps({"States": {"A": STATE}}),
        ),
        "StartAt",
    ),
    (
        "a task of 4 vCPU with 64 GB",
        resource(
            "AWS::ECS::TaskDefinition",
            Cpu="4096",
            Memory="65536",
            NetworkMode="awsvpc",
            RequiresCompatibilities=["FARGATE"],
            ContainerDefinitions=[{"Name": "c", "Image": "i"}],
        ),
        "No Fargate configuration exists",
    ),
    (
        "a schedule that is no expression",
        resource(
            "AWS::Scheduler::Schedule",
            ScheduleExpression="often",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={
                "Arn": "arn:aws:states:us-east-1:000000000000:stateMachine:m",
                "RoleArn": "arn:aws:iam::000000000000:role/r",
            },
        ),
        "often",
    ),
    (
        "an alarm with an unknown comparison",
        resource("AWS::CloudWatch::Alarm", ComparisonOperator="Above", EvaluationPeriods=1),
        "ComparisonOperator",
    ),
    (
        "a function whose role it may not assume",
        resource(
            "AWS::Lambda::Function",
            Code={"ZipFile": "x"},
            Role="arn:aws:iam::000000000000:role/none",
            Handler="app.handler",
            Runtime="python3.13",
        ),
        "cannot be assumed",
    ),
]


@pytest.mark.parametrize(("what", "wrong", "words"), WHILE_CREATING, ids=[case[0] for case in WHILE_CREATING])
def test_a_resource_with_wrong_properties_fails_and_the_stack_is_rolled_back(
    aws: Callable[..., Any], what: str, wrong: dict[str, Any], words: str
) -> None:
    name = f"rejected-{uuid4().hex[:8]}"
    cloudformation = aws("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=template(Resources={"Wrong": wrong}),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    with pytest.raises(Exception, match="ROLLBACK_COMPLETE"):
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20}
        )
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    reasons = [
        event["ResourceStatusReason"] for event in events if event["ResourceStatus"] == "CREATE_FAILED"
    ]
    assert any(words in reason for reason in reasons), reasons
