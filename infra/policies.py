"""What every role of the platform may do, read from the templates; renders docs/security/iam_policies.md.

Run `python infra/policies.py > docs/security/iam_policies.md` after a change to a role; a test compares.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

TEMPLATES = Path(__file__).parent / "cloudformation"
LAYERS = ("storage", "network", "catalog", "compute", "ai", "functions", "pipeline", "api", "operations")

TABLE_HEAD = "| For | Actions | Resources |\n|---|---|---|"

INTRODUCTION = """# Who may do what

Each function, task and service has a role of its own. This table is made from the templates
(`python infra/policies.py > docs/security/iam_policies.md`); a test fails when they differ.

- Nothing is allowed `*` actions. `*` as a resource appears only for actions that take no resource.
- `${Name}` stands for a parameter or resource of the template; the account and Region are left out of ARNs
  (`…`).
- No role may read the bucket of planted truth, whose policy also denies it; but the training task may read
  `ceiling/*` in it, to compare finished models with the best possible predictions.
- Only `validate` and the crawler read raw data, which alone holds names and e-mail addresses; `prepare` and
  `meter` may list its keys.
- The local endpoint enforces the same policies, so a missing permission is found before anything is deployed
  to AWS.
"""


class _Loader(yaml.SafeLoader):
    """YAML with the short forms of CloudFormation's functions, read as their long forms."""


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


@dataclass(frozen=True)
class Statement:
    """One Allow statement of one role. `resources` and `conditions` are texts for people."""

    layer: str
    owner: str
    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[str, ...]


def load(layer: str) -> dict[str, Any]:
    """The template of `layer` with functions in their long form."""
    template = yaml.load((TEMPLATES / f"{layer}.yaml").read_text(encoding="utf-8"), Loader=_Loader)
    return dict(template)


def resources(layer: str, kind: str) -> dict[str, dict[str, Any]]:
    """Resources of the CloudFormation type `kind` in `layer`, by logical id."""
    found = load(layer)["Resources"]
    return {name: body for name, body in found.items() if body["Type"] == kind}


def statements() -> Iterator[Statement]:
    """Every statement of every role and managed policy, in the order of the layers."""
    for layer in LAYERS:
        for name, body in load(layer)["Resources"].items():
            properties = body.get("Properties", {})
            if body["Type"] == "AWS::IAM::ManagedPolicy":
                yield from _statements(layer, name, properties["PolicyDocument"])
            if body["Type"] == "AWS::IAM::Role":
                for policy in properties.get("Policies", []):
                    yield from _statements(layer, name, policy["PolicyDocument"])


def _statements(layer: str, owner: str, document: dict[str, Any]) -> Iterator[Statement]:
    for entry in document["Statement"]:
        assert entry["Effect"] == "Allow", f"{owner}: roles only allow, so that they can be read on their own"
        yield Statement(
            layer,
            owner,
            entry["Sid"],
            tuple(_list(entry["Action"])),
            tuple(text(resource) for resource in _list(entry["Resource"])),
            tuple(_conditions(entry.get("Condition", {}))),
        )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text(resource: Any) -> str:
    """A resource as written, with the parts that are the same everywhere left out."""
    if isinstance(resource, dict):
        ((function, value),) = resource.items()
        if function == "Ref":
            resource = f"${{{value}}}"
        elif function == "Fn::GetAtt":
            resource = f"${{{'.'.join(value)}}}"
        else:
            resource = value if isinstance(value, str) else value[0]
    return str(resource).replace("${AWS::Partition}", "aws").replace("${AWS::Region}:${AWS::AccountId}", "…")


def _conditions(conditions: dict[str, Any]) -> Iterator[str]:
    for operator, keys in conditions.items():
        for key, values in keys.items():
            yield f"{operator} {key}: {', '.join(text(value) for value in _list(values))}"


def render() -> str:
    """The document."""
    parts = [INTRODUCTION]
    before: tuple[str, str] | None = None
    for statement in statements():
        if (statement.layer, statement.owner) != before:
            before = (statement.layer, statement.owner)
            parts.append(f"\n## {statement.owner} ({statement.layer})\n{_attached(*before)}\n{TABLE_HEAD}")
        where = list(statement.resources) + [f"if {condition}" for condition in statement.conditions]
        cells = (statement.sid, _cell(statement.actions), _cell(where))
        parts.append(f"| {' | '.join(cells)} |")
    return "\n".join(parts) + "\n"


def _attached(layer: str, owner: str) -> str:
    policies = load(layer)["Resources"][owner]["Properties"].get("ManagedPolicyArns", [])
    return f"\nWith {', '.join(text(policy) for policy in policies)}.\n" if policies else ""


def _cell(values: Any) -> str:
    return "<br>".join(f"`{value}`" for value in values)


if __name__ == "__main__":
    sys.stdout.write(render())
