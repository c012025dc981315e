"""What no service model says: limits and relations that AWS checks for single operations.

`RULES` holds, by (service, operation), a function of the request that raises Refused, or answers itself.
"""

import base64
import binascii
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from engage_cli.local import authorization
from engage_cli.local.validation import asl, policies, templates
from engage_cli.local.validation.refusal import Refused, Response

Json = dict[str, Any]
Rule = Callable[[Json], Response | None]

FUNCTION_NAME, MEMORY, TIMEOUT = 64, (128, 10_240), 900
UNZIPPED_BYTES, ENVIRONMENT_BYTES = 262_144_000, 4096
_RESERVED = {
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}  # fmt: skip
# Bytes of a request's body: 50 MB of zip as base64, and what an invocation may carry (Lambda quotas).
_LARGEST_CREATE, _LARGEST_SYNCHRONOUS, _LARGEST_ASYNCHRONOUS = 69_905_067, 6_291_456, 1_048_576


def check_body(service: str, operation: str, headers: Mapping[str, str], body: bytes) -> None:
    """Refuse a body that is larger than Lambda takes, or an event that is not JSON."""
    if service != "lambda":
        return
    limit = {"CreateFunction": _LARGEST_CREATE, "UpdateFunctionCode": _LARGEST_CREATE}.get(operation)
    if operation == "Invoke":
        event = headers.get("x-amz-invocation-type") == "Event"
        limit = _LARGEST_ASYNCHRONOUS if event else _LARGEST_SYNCHRONOUS
    if limit is not None and len(body) > limit:
        text = f"Request must be smaller than {limit} bytes for the {operation}Function operation"
        raise Refused("RequestEntityTooLargeException", text.replace("FunctionFunction", "Function"), 413)
    if operation == "Invoke" and body:
        try:
            json.loads(body)
        except ValueError as error:
            message = f"Could not parse request body into json: {error}"
            raise Refused("InvalidRequestContentException", message) from None


def constraint(value: Any, member: str, text: str, code: str = "ValidationException") -> Refused:
    """A refusal worded as those of the service models are."""
    shown = f"Value '{value}' at '{member}' failed to satisfy constraint: Member must {text}"
    return Refused(code, f"1 validation error detected: {shown}")


# ---------------------------------------------------------------------------------------- Lambda


def function_settings(data: Json) -> None:
    """Name, memory, time-out and environment of a function; the same in a request and in a template."""
    name = str(data.get("FunctionName") or "").rsplit(":", 1)[-1]
    if len(name) > FUNCTION_NAME:
        raise constraint(name, "functionName", f"have length less than or equal to {FUNCTION_NAME}")
    memory, timeout = data.get("MemorySize"), data.get("Timeout")
    if memory is not None and int(memory) > MEMORY[1]:
        raise constraint(memory, "memorySize", f"have value less than or equal to {MEMORY[1]}")
    if memory is not None and int(memory) < MEMORY[0]:
        raise constraint(memory, "memorySize", f"have value greater than or equal to {MEMORY[0]}")
    if timeout is not None and int(timeout) > TIMEOUT:
        raise constraint(timeout, "timeout", f"have value less than or equal to {TIMEOUT}")
    variables = (data.get("Environment") or {}).get("Variables") or {}
    reserved = sorted(variables.keys() & _RESERVED)
    unable = (
        "Lambda was unable to configure your environment variables because the environment variables "
        "you have provided"
    )
    if reserved:
        text = (
            "contains reserved keys that are currently not supported for modification. "
            "Reserved keys used in this"
        )
        raise Refused("InvalidParameterValueException", f"{unable} {text} request: {', '.join(reserved)}")
    if len(json.dumps(variables, separators=(",", ":")).encode()) > ENVIRONMENT_BYTES:
        raise Refused("InvalidParameterValueException", f"{unable} exceeded the 4KB limit.")


def function_role(role: str) -> None:
    """Lambda assumes the role once when the function is made."""
    if not authorization.trusts(role, "lambda.amazonaws.com"):
        message = "The role defined for the function cannot be assumed by Lambda."
        raise Refused("InvalidParameterValueException", message)


def _create_function(data: Json) -> None:
    function_settings(data)
    _function_code(data.get("Code") or {})
    function_role(str(data.get("Role", "")))


def _function_code(code: Json) -> None:
    invalid = "InvalidParameterValueException"
    if code.get("S3Bucket"):
        from ministack.services import lambda_svc

        found = lambda_svc._fetch_code_from_s3(
            code["S3Bucket"], code.get("S3Key", ""), version_id=code.get("S3ObjectVersion")
        )
        if found is None:
            text = (
                "Error occurred while GetObject. S3 Error Code: NoSuchKey. "
                "S3 Error Message: The specified key does not exist."
            )
            raise Refused(invalid, text)
        archive = bytes(found)
    elif code.get("ZipFile"):
        try:
            archive = base64.b64decode(code["ZipFile"])
        except (binascii.Error, ValueError):
            raise Refused("SerializationException", "ZipFile is not base64.") from None
    else:
        return
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as file:
            size = sum(info.file_size for info in file.infolist())
    except zipfile.BadZipFile:
        raise Refused(
            invalid, "Could not unzip uploaded file. Please check your file, then try to upload again."
        ) from None
    if size > UNZIPPED_BYTES:
        raise Refused(invalid, f"Unzipped size must be smaller than {UNZIPPED_BYTES} bytes")


def function_permission(data: Json) -> None:
    """Who may invoke a function: a service, an account, or a principal that exists."""
    principal = str(data.get("Principal", ""))
    fine = (
        principal == "*" or policies.known_service(principal) or policies.known_account_principal(principal)
    )
    if not fine:
        message = "The provided principal was invalid. Please check the principal and try again."
        raise Refused("InvalidParameterValueException", message)


# --------------------------------------------------------------------------------- Step Functions

_STATES_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]+")


def state_machine(data: Json) -> None:
    """Name, role and definition of a state machine."""
    name, role = data.get("name"), data.get("roleArn")
    if name is not None and not _STATES_NAME.fullmatch(name):
        raise Refused("InvalidName", f"Invalid Name: '{name}'")
    if role is not None and not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/.+", role):
        raise Refused("InvalidArn", f"Invalid Role Arn: '{role}'")
    if data.get("definition") is not None:
        definition(str(data["definition"]))


def definition(text: str) -> None:
    """Refuse a definition that Step Functions would not accept."""
    problems = asl.problems(text)
    if problems:
        raise Refused("InvalidDefinition", f"Invalid State Machine Definition: '{', '.join(problems)}'")


def _validate_definition(data: Json) -> Response:
    from ministack.core.responses import json_response

    problems = asl.problems(str(data.get("definition", "")))
    found = [
        {
            "severity": "ERROR",
            "code": code,
            "message": message.strip(),
            "location": message.rpartition(" at ")[2],
        }
        for code, _, message in (problem.partition(":") for problem in problems)
    ]
    result: Response = json_response(
        {"result": "FAIL" if found else "OK", "diagnostics": found, "truncated": False}
    )
    return result


def _start_execution(data: Json) -> None:
    arn, name, text = str(data.get("stateMachineArn", "")), data.get("name"), data.get("input")
    if not re.match(r"arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:stateMachine:", arn):
        raise Refused("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: {arn}'")
    if name is not None and not _STATES_NAME.fullmatch(name):
        raise Refused("InvalidName", f"Invalid Name: '{name}'")
    if text is None:
        return
    if len(text.encode()) > 262_144:
        raise constraint(f"{text[:60]}...", "input", "have length less than or equal to 262144")
    try:
        json.loads(text)
    except ValueError as error:
        raise Refused("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from None


# ------------------------------------------------------------------------- IAM, STS and schedules


def _assume_role(data: Json) -> None:
    from ministack.services import iam

    role = str(data.get("RoleArn", ""))
    record = iam._roles.get_scoped(authorization.account_of(role), None, authorization.role_name(role))
    document = (record or {}).get("AssumeRolePolicyDocument") or "{}"
    statements = (json.loads(document) if isinstance(document, str) else document).get("Statement", [])
    # MiniStack evaluates the trust of an account or a role; a service's trust alone lets no caller in.
    if not any(
        "AWS" in one["Principal"] or one["Principal"] == "*" for one in statements if one.get("Principal")
    ):
        from ministack.core.responses import get_account_id

        text = f"is not authorized to perform: sts:AssumeRole on resource: {role}"
        raise Refused("AccessDenied", f"User: arn:aws:iam::{get_account_id()}:root {text}", 403)


def schedule_expression(expression: str, code: str = "ValidationException", message: str = "") -> None:
    """Refuse an expression that is no rate(...), cron(...) or at(...) of EventBridge."""
    from ministack.services import eventbridge

    text = expression.strip()
    rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)(s?)\)", text)
    fine = rate is not None and int(rate[1]) > 0
    fine = fine or (
        text.startswith("cron(") and eventbridge._parse_cron_fields(text) is not None and _in_range(text)
    )
    fine = fine or bool(re.fullmatch(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)", text))
    if not fine:
        raise Refused(code, message or f"Invalid Schedule Expression {expression}.")


def _in_range(expression: str) -> bool:
    limits = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
    fields = expression[5:-1].split()
    return len(fields) == 6 and all(
        low <= int(number) <= high
        for field, (low, high) in zip(fields, limits, strict=True)
        for number in re.findall(r"(?<![/#\d])\d+", field)
    )


def schedule(data: Json) -> None:
    """Expression, time zone, input and role of a schedule."""
    import zoneinfo

    schedule_expression(str(data.get("ScheduleExpression", "")))
    zone, target = data.get("ScheduleExpressionTimezone"), data.get("Target") or {}
    if zone is not None and zone not in zoneinfo.available_timezones():
        raise Refused("ValidationException", f"Invalid Schedule Expression Timezone {zone}.")
    arn, role = str(target.get("Arn", "")), str(target.get("RoleArn", ""))
    if not re.fullmatch(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d*:.+", arn):
        raise Refused("ValidationException", f"Provided Arn is not in correct format: {arn}.")
    if not authorization.trusts(role, "scheduler.amazonaws.com"):
        message = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        raise Refused("ValidationException", message)
    if target.get("Input") is not None and ":states:" in arn:
        try:
            json.loads(target["Input"])
        except ValueError:
            raise Refused(
                "ValidationException", "Input must be valid JSON for a Step Functions target."
            ) from None


def _put_rule(data: Json) -> None:
    if not data.get("ScheduleExpression") and not data.get("EventPattern"):
        raise Refused(
            "ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified."
        )
    if data.get("ScheduleExpression"):
        message = "Parameter ScheduleExpression is not valid."
        schedule_expression(data["ScheduleExpression"], message=message)


# ------------------------------------------------------------------------------------ the others


def _alarm(data: Json) -> None:
    period = data.get("Period")
    if period is not None and period not in (10, 20, 30) and period % 60:
        raise Refused("ValidationError", "Period must be 10, 20, 30 or a multiple of 60")


def _run_task(data: Json) -> None:
    from ministack.services import ecs

    cluster = str(data.get("cluster") or "default")
    if cluster.rsplit("/", 1)[-1] not in ecs._clusters:
        raise Refused("ClusterNotFoundException", "Cluster not found.")


def _crawler(data: Json) -> None:
    if data.get("Schedule"):
        message = f"Invalid schedule expression: {data['Schedule']}"
        schedule_expression(data["Schedule"], "InvalidInputException", message)
    if "Targets" in data and not any((data["Targets"] or {}).values()):
        raise Refused("InvalidInputException", "Crawler cannot be created without a target.")


def _rest_api(data: Json) -> None:
    if not str(data.get("name", "")).strip():
        raise Refused("BadRequestException", "API name cannot be empty.")


def _topic(data: Json) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo", str(data.get("Name", ""))):
        raise Refused("InvalidParameter", "Invalid parameter: Topic Name")


def _validate_template(data: Json) -> None:
    if data.get("TemplateBody") is not None:
        templates.check_template(data["TemplateBody"])


def _identity(limit: int | None) -> Rule:
    return lambda data: policies.check_identity(data.get("PolicyDocument"), limit=limit)


def _trust(member: str) -> Rule:
    return lambda data: policies.check_trust(data.get(member))


RULES: Mapping[tuple[str, str], Rule] = {
    ("apigateway", "CreateRestApi"): _rest_api,
    ("cloudformation", "CreateChangeSet"): templates.check_stack,
    ("cloudformation", "CreateStack"): templates.check_stack,
    ("cloudformation", "UpdateStack"): templates.check_stack,
    ("cloudformation", "ValidateTemplate"): _validate_template,
    ("ecs", "RunTask"): _run_task,
    ("events", "PutRule"): _put_rule,
    ("glue", "CreateCrawler"): _crawler,
    ("glue", "UpdateCrawler"): _crawler,
    ("iam", "CreateRole"): _trust("AssumeRolePolicyDocument"),
    ("iam", "UpdateAssumeRolePolicy"): _trust("PolicyDocument"),
    ("iam", "PutRolePolicy"): _identity(policies.INLINE_ROLE_LIMIT),
    ("iam", "PutUserPolicy"): _identity(2048),
    ("iam", "PutGroupPolicy"): _identity(5120),
    ("iam", "CreatePolicy"): _identity(policies.MANAGED_LIMIT),
    ("iam", "CreatePolicyVersion"): _identity(policies.MANAGED_LIMIT),
    ("lambda", "AddPermission"): function_permission,
    ("lambda", "CreateFunction"): _create_function,
    ("lambda", "UpdateFunctionCode"): _function_code,
    ("lambda", "UpdateFunctionConfiguration"): function_settings,
    ("monitoring", "PutMetricAlarm"): _alarm,
    ("scheduler", "CreateSchedule"): schedule,
    ("scheduler", "UpdateSchedule"): schedule,
    ("sns", "CreateTopic"): _topic,
    ("states", "CreateStateMachine"): state_machine,
    ("states", "StartExecution"): _start_execution,
    ("states", "UpdateStateMachine"): state_machine,
    ("states", "ValidateStateMachineDefinition"): _validate_definition,
    ("sts", "AssumeRole"): _assume_role,
}
