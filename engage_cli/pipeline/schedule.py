"""The weekly trigger: read from EventBridge Scheduler, changed through its stack.

The stack's parameters stay the single source: a later `engage deploy` keeps what was set here.
"""

from collections.abc import Mapping

from engage_cli.aws.errors import translated
from engage_cli.aws.session import Aws
from engage_cli.aws.stacks import FINGERPRINT_TAG, StackWriter
from engage_cli.deploy.layers import stack_name
from engage_cli.deploy.plan import fingerprint, load_template
from engage_cli.errors import UserError

LAYER = "pipeline"


def read_schedule(aws: Aws, env: str) -> dict[str, str]:
    """Return the schedule's expression, timezone and state. Raises UserError when nothing is deployed."""
    stack = StackWriter(aws).get(stack_name(env, LAYER))
    if stack is None:
        raise UserError(f"The environment '{env}' is not deployed.", hint="Run: engage deploy")
    with translated("reading the schedule"):
        found = aws.client("scheduler").get_schedule(Name=stack.outputs["ScheduleName"])
    return {
        "name": found["Name"],
        "expression": found["ScheduleExpression"],
        "timezone": found.get("ScheduleExpressionTimezone", "UTC"),
        "state": found["State"],
    }


def change_schedule(aws: Aws, env: str, parameters: Mapping[str, str]) -> None:
    """Update the pipeline stack with the given schedule parameters."""
    stacks = StackWriter(aws)
    stack = stacks.get(stack_name(env, LAYER))
    if stack is None:
        raise UserError(f"The environment '{env}' is not deployed.", hint="Run: engage deploy")
    template = load_template(LAYER)
    values = {
        name: stack.parameters.get(name) or default or "" for name, default in template.parameters.items()
    }
    values |= parameters
    tags = {"project": "engage", "engage:environment": env, FINGERPRINT_TAG: fingerprint(template, values)}
    stacks.update(stack.name, template.body, values, tags)
