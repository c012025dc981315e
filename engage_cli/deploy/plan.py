"""What would change: compares the templates here with the stacks there. Only reads."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engage_cli.assets import templates_dir
from engage_cli.aws.stacks import Stack
from engage_cli.deploy.layers import LAYERS, stack_name
from engage_cli.errors import UserError

KEPT_PARAMETERS = ("ScheduleExpression", "ScheduleState")
"""Belong to `engage schedule`: a deployment keeps the values that the stack has."""


@dataclass(frozen=True)
class Template:
    """A template's text and its parameters: name -> default (None when there is none)."""

    layer: str
    body: str
    parameters: Mapping[str, str | None]


@dataclass(frozen=True)
class LayerPlan:
    """What would happen to one layer: `create`, `update`, `replace` (a dead stack) or `keep`, and why."""

    layer: str
    stack: str
    action: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """The layers of an environment and what would happen to each."""

    env: str
    layers: tuple[LayerPlan, ...]

    @property
    def changes(self) -> list[LayerPlan]:
        return [layer for layer in self.layers if layer.action != "keep"]


@dataclass
class Values:
    """What parameters may be filled with: `given` by the deployer, `outputs` of earlier stacks."""

    given: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict)


def load_template(layer: str, folder: Path | None = None) -> Template:
    """Read a layer's template. Raises UserError when it is missing or is no template."""
    path = (folder or templates_dir()) / f"{layer}.yaml"
    try:
        body = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise UserError(f"The template {path.name} cannot be read: {exc.strerror}.") from exc
    document = _parse(body, path.name)
    declared = document.get("Parameters") or {}
    return Template(layer, body, {name: _default(spec) for name, spec in declared.items()})


def _parse(body: str, name: str) -> dict[str, Any]:
    import yaml

    # Only the section Parameters is read here, and it has no intrinsic functions: any tag may be ignored.
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda *_: None)
    try:
        document = yaml.load(body, Loader)
    except yaml.YAMLError as exc:
        raise UserError(f"{name} is not valid YAML: {exc}.") from exc
    if not isinstance(document, dict) or "Resources" not in document:
        raise UserError(f"{name} is not a CloudFormation template: it has no Resources.")
    return document


def _default(spec: Mapping[str, Any]) -> str | None:
    if "Default" not in spec:
        return None
    value = spec["Default"]
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def parameters_for(template: Template, values: Values, stack: Stack | None) -> dict[str, str] | None:
    """Return the parameters of a template, or None while one of them is not known yet."""
    parameters: dict[str, str] = {}
    for name, default in template.parameters.items():
        if name in values.given:
            parameters[name] = values.given[name]
        elif name in values.outputs:
            parameters[name] = values.outputs[name]
        elif name in KEPT_PARAMETERS and stack is not None and name in stack.parameters:
            parameters[name] = stack.parameters[name]
        elif default is not None:
            parameters[name] = default
        else:
            return None
    return parameters


def fingerprint(template: Template, parameters: Mapping[str, str]) -> str:
    """Return what a stack is made from, in 32 hex digits: the template and its parameters."""
    text = template.body + json.dumps(dict(sorted(parameters.items())))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def make_plan(env: str, templates: list[Template], stacks: Mapping[str, Stack], values: Values) -> Plan:
    """Compare every layer with its stack."""
    planned = []
    known = Values(dict(values.given), dict(values.outputs))
    for template in templates:
        name = stack_name(env, template.layer)
        stack = stacks.get(name)
        planned.append(_plan_layer(template, name, stack, known))
        if stack is not None:
            known.outputs |= stack.outputs
    return Plan(env, tuple(planned))


def _plan_layer(template: Template, name: str, stack: Stack | None, values: Values) -> LayerPlan:
    if stack is None:
        return LayerPlan(template.layer, name, "create", "not there yet")
    if stack.is_dead:
        return LayerPlan(template.layer, name, "replace", f"the stack is {stack.status}")
    parameters = parameters_for(template, values, stack)
    if parameters is None:
        return LayerPlan(template.layer, name, "update", "an earlier layer is new")
    if stack.fingerprint == fingerprint(template, parameters) and stack.is_complete:
        return LayerPlan(template.layer, name, "keep", "no change")
    changed = sorted(k for k, v in parameters.items() if stack.parameters.get(k) != v)
    reason = f"parameters changed: {', '.join(changed)}" if changed else "the template changed"
    return LayerPlan(template.layer, name, "update", reason)


def all_templates(folder: Path | None = None) -> list[Template]:
    return [load_template(layer, folder) for layer in LAYERS]
