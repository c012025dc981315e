"""Carries a deployment out: the only stage that creates, updates or replaces stacks."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engage_cli.aws.stacks import FINGERPRINT_TAG, Stack, StackWriter
from engage_cli.deploy.layers import stack_name
from engage_cli.deploy.plan import Template, Values, fingerprint, parameters_for
from engage_cli.errors import UserError


@dataclass(frozen=True)
class Applied:
    """What happened to a layer, and how long it took in seconds."""

    layer: str
    action: str
    seconds: float


class Executor:
    """Deploys templates in order; the outputs of one fill the parameters of the next."""

    def __init__(self, env: str, stacks: StackWriter, on_layer: Callable[[str, str], None]) -> None:
        self._env = env
        self._stacks = stacks
        self._on_layer = on_layer

    def apply(
        self, templates: Sequence[Template], existing: Mapping[str, Stack], values: Values
    ) -> list[Applied]:
        """Bring every layer to its template. `values.outputs` grows with the outputs of each stack.

        Raises CloudError naming the first resource that failed; layers before it stay deployed.
        """
        done = []
        for template in templates:
            started = time.monotonic()
            action = self._apply_layer(template, existing.get(stack_name(self._env, template.layer)), values)
            done.append(Applied(template.layer, action, time.monotonic() - started))
        return done

    def _apply_layer(self, template: Template, stack: Stack | None, values: Values) -> str:
        name = stack_name(self._env, template.layer)
        if stack is not None and stack.is_dead:
            self._on_layer(template.layer, "clear")
            self._stacks.delete(name)
            stack = None
        parameters = parameters_for(template, values, stack)
        if parameters is None:
            missing = [
                p
                for p, default in template.parameters.items()
                if default is None and p not in values.given and p not in values.outputs
            ]
            raise UserError(
                f"infra/cloudformation/{template.layer}.yaml: nothing fills the parameter {missing[0]}.",
                hint="Give it a default, make an earlier stack put it out, or set it under [parameters].",
            )
        mark = fingerprint(template, parameters)
        if stack is not None and stack.fingerprint == mark and stack.is_complete:
            values.outputs |= stack.outputs
            return "keep"
        action = "create" if stack is None else "update"
        self._on_layer(template.layer, action)
        tags = {"project": "engage", "engage:environment": self._env, FINGERPRINT_TAG: mark}
        change = self._stacks.create if stack is None else self._stacks.update
        values.outputs |= change(name, template.body, parameters, tags).outputs
        return action
