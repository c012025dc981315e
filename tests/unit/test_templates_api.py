"""The REST API's template: time limits, keys, validation, and a deployment for every change."""

import hashlib
import json

from infra import policies

SNAPSHOT = (
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Model",
    "AWS::ApiGateway::RequestValidator",
    "AWS::ApiGateway::GatewayResponse",
)
API = policies.load("api")["Resources"]


def of_type(kind: str) -> dict[str, dict]:
    return {name: body["Properties"] for name, body in API.items() if body["Type"] == kind}


def test_a_change_of_the_api_is_deployed_because_the_deployment_is_named_after_its_hash() -> None:
    held = {name: body for name, body in API.items() if body["Type"] in SNAPSHOT}
    wanted = "Deployment" + hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()[:8]
    (deployment,) = of_type("AWS::ApiGateway::Deployment")
    assert deployment == wanted, (
        f"the API changed: rename {deployment} to {wanted} in api.yaml, in both places"
    )
    assert of_type("AWS::ApiGateway::Stage")["Stage"]["DeploymentId"] == {"Ref": deployment}


def test_the_deployment_waits_for_every_method_and_response() -> None:
    parts = set(of_type("AWS::ApiGateway::Method")) | set(of_type("AWS::ApiGateway::GatewayResponse"))
    (deployment,) = of_type("AWS::ApiGateway::Deployment")
    assert set(API[deployment]["DependsOn"]) == parts


def test_no_method_waits_longer_than_the_gateway_or_its_function() -> None:
    timeouts = {name: body["Timeout"] for name, body in of_type("AWS::Lambda::Function").items()}
    for method in of_type("AWS::ApiGateway::Method").values():
        assert method["Integration"]["TimeoutInMillis"] <= 29_000
    assert all(seconds < 29 for seconds in timeouts.values()), timeouts


def test_every_method_needs_the_key_and_is_validated() -> None:
    for name, method in of_type("AWS::ApiGateway::Method").items():
        assert method["ApiKeyRequired"] is True, name
        assert method["RequestValidatorId"] == {"Ref": "RequestValidator"}, name
        assert method["HttpMethod"] != "POST" or "RequestModels" in method, name


def test_the_gateways_own_answers_use_variables_alone() -> None:
    """They are not processed by a template engine: a function would be answered as it is written."""
    for name, response in of_type("AWS::ApiGateway::GatewayResponse").items():
        for template in response["ResponseTemplates"].values():
            assert "$util" not in template, name
            assert "$input" not in template, name
            # A list of errors with quotes in it, which would end the JSON string that it stands in.
            assert "validationErrorString" not in template, name


def test_the_key_comes_from_the_secret_and_is_in_no_template() -> None:
    assert of_type("AWS::ApiGateway::ApiKey")["ApiKey"]["Value"] == {
        "Fn::Sub": "{{resolve:secretsmanager:${ApiKeySecret}}}"
    }
    assert (
        of_type("AWS::SecretsManager::Secret")["ApiKeySecret"]["GenerateSecretString"]["PasswordLength"] >= 20
    )


def test_the_stage_and_the_usage_plan_throttle() -> None:
    (settings,) = of_type("AWS::ApiGateway::Stage")["Stage"]["MethodSettings"]
    plan = of_type("AWS::ApiGateway::UsagePlan")["UsagePlan"]
    assert settings["ThrottlingRateLimit"] == plan["Throttle"]["RateLimit"] == {"Ref": "ThrottleRate"}
    assert settings["DataTraceEnabled"] is False
    assert plan["Quota"]["Limit"] == {"Ref": "MonthlyQuota"}


def test_no_stack_owns_the_accounts_api_gateway_settings() -> None:
    assert not any(policies.resources(layer, "AWS::ApiGateway::Account") for layer in policies.LAYERS)
