"""Properties of templates that must not be dropped: they are in effect, and change with the template."""

import http.client
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from engage_cli.local import process

pytestmark = pytest.mark.local
Client = Callable[..., Any]


class Stack:
    """One stack whose template is changed."""

    def __init__(self, aws: Client) -> None:
        self._cloudformation, self.name = aws("cloudformation"), f"stack-{uuid4().hex[:8]}"
        self._made = False

    def apply(self, resources: dict[str, Any]) -> dict[str, str]:
        """Make or change it; the physical ids of its resources."""
        call = self._cloudformation.update_stack if self._made else self._cloudformation.create_stack
        call(StackName=self.name, TemplateBody=json.dumps({"Resources": resources}))
        waiter = f"stack_{'update' if self._made else 'create'}_complete"
        self._cloudformation.get_waiter(waiter).wait(StackName=self.name, WaiterConfig={"Delay": 1})
        self._made = True
        listed = self._cloudformation.list_stack_resources(StackName=self.name)["StackResourceSummaries"]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in listed}


@pytest.fixture
def stack(aws: Client) -> Stack:
    return Stack(aws)


def api(*, validates: bool, validated: bool = True) -> dict[str, Any]:
    """A REST API of one method that answers by itself."""
    of = {"RestApiId": {"Ref": "Api"}}
    flags = {"ValidateRequestBody": validates, "ValidateRequestParameters": validates}
    method = {
        **of,
        "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
        "HttpMethod": "POST",
        "AuthorizationType": "NONE",
        "RequestModels": {"application/json": {"Ref": "Model"}},
        "RequestParameters": {"method.request.querystring.who": True},
        "Integration": {
            "Type": "MOCK",
            "RequestTemplates": {"application/json": '{"statusCode": 200}'},
            "IntegrationResponses": [{"StatusCode": "200"}],
        },
    } | ({"RequestValidatorId": {"Ref": "Validator"}} if validated else {})
    schema = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    return {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": f"api-{uuid4().hex[:6]}"}},
        "Model": {
            "Type": "AWS::ApiGateway::Model",
            "Properties": {**of, "Name": "Named", "ContentType": "application/json", "Schema": schema},
        },
        "Validator": {
            "Type": "AWS::ApiGateway::RequestValidator",
            "Properties": {**of, "Name": "v", **flags},
        },
        "Method": {"Type": "AWS::ApiGateway::Method", "Properties": method},
        "Deployment": {"Type": "AWS::ApiGateway::Deployment", "Properties": of, "DependsOn": "Method"},
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {**of, "StageName": "v1", "DeploymentId": {"Ref": "Deployment"}},
        },
    }


def post(endpoint: process.Endpoint, api_id: str, query: str, body: Any) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=60)
    headers = {"content-type": "application/json"}
    path = f"/restapis/{api_id}/v1/_user_request_/{query}"
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, json.loads(text) if text else None


def test_a_request_validator_refuses_what_the_model_and_the_parameters_do_not_allow(
    stack: Stack, endpoint: process.Endpoint, aws: Client
) -> None:
    resources = api(validates=True)
    ids = stack.apply(resources)
    (validator,) = aws("apigateway").get_request_validators(restApiId=ids["Api"])["items"]
    assert (validator["id"], validator["validateRequestBody"]) == (ids["Validator"], True)
    assert post(endpoint, ids["Api"], "?who=me", {"name": "x"})[0] == 200
    assert post(endpoint, ids["Api"], "?who=me", {"name": 1}) == (400, {"message": "Invalid request body"})
    status, answer = post(endpoint, ids["Api"], "", {"name": "x"})
    assert (status, "Missing required request parameters: [who]") == (400, answer["message"])
    name = resources["Api"]["Properties"]["Name"]

    def changed(**flags: bool) -> dict[str, Any]:
        found = api(**flags)
        found["Api"]["Properties"]["Name"] = name
        return found

    stack.apply(changed(validates=False))
    assert post(endpoint, ids["Api"], "", {"name": 1})[0] == 200
    stack.apply(changed(validates=True))
    assert post(endpoint, ids["Api"], "", {"name": 1})[0] == 400
    stack.apply(changed(validates=True, validated=False))
    assert post(endpoint, ids["Api"], "", {"name": 1})[0] == 200


def test_time_to_live_of_a_table_is_what_its_template_says(stack: Stack, aws: Client) -> None:
    properties = {
        "TableName": f"t-{uuid4().hex[:8]}",
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }

    def apply(**setting: Any) -> dict[str, Any]:
        table = {"Type": "AWS::DynamoDB::Table", "Properties": {**properties, **setting}}
        stack.apply({"Table": table})
        found: dict[str, Any] = aws("dynamodb").describe_time_to_live(TableName=properties["TableName"])
        return dict(found["TimeToLiveDescription"])

    on = {"TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True}}
    assert apply(**on) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    assert apply()["TimeToLiveStatus"] == "DISABLED"


def test_lifecycle_rules_of_a_bucket_are_kept_and_one_that_is_not_is_refused(
    stack: Stack, aws: Client
) -> None:
    name = f"bucket-{uuid4().hex[:8]}"
    rules = [
        {"Id": "old", "Status": "Enabled", "Prefix": "data/", "ExpirationInDays": "30"},
        {"Id": "parts", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
    ]

    def bucket(*rules: dict[str, Any]) -> dict[str, Any]:
        setting = {"LifecycleConfiguration": {"Rules": list(rules)}} if rules else {}
        return {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name, **setting}}}

    stack.apply(bucket(*rules))
    found = aws("s3").get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert [(one["ID"], one["Filter"], one.get("Expiration")) for one in found] == [
        ("old", {"Prefix": "data/"}, {"Days": 30}),
        ("parts", {"Prefix": ""}, None),
    ]
    stack.apply(bucket())
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        aws("s3").get_bucket_lifecycle_configuration(Bucket=name)
    transition = {"Status": "Enabled", "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 1}]}
    with pytest.raises(Exception, match="UPDATE_ROLLBACK_COMPLETE"):
        stack.apply(bucket(transition))
    events = aws("cloudformation").describe_stack_events(StackName=stack.name)["StackEvents"]
    assert any("does not keep Transitions" in one.get("ResourceStatusReason", "") for one in events)
