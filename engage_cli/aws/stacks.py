"""CloudFormation stacks: reading them, and changing them, as two types."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engage_cli.aws.errors import error_code, translated
from engage_cli.aws.session import Aws
from engage_cli.errors import CloudError

FINGERPRINT_TAG = "engage:fingerprint"
_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
_DEAD = ("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS")


@dataclass(frozen=True)
class Stack:
    """A deployed stack: its state, parameters, outputs and the fingerprint of what it was made from."""

    name: str
    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    fingerprint: str | None
    updated: str

    @property
    def is_complete(self) -> bool:
        return self.status in _DONE or self.status == "UPDATE_ROLLBACK_COMPLETE"

    @property
    def is_dead(self) -> bool:
        """Whether the stack can only be deleted."""
        return self.status in _DEAD


class StackReader:
    """Reads stacks; never changes one."""

    def __init__(self, aws: Aws) -> None:
        self._cloudformation = aws.client("cloudformation")

    def all(self, prefix: str) -> dict[str, Stack]:
        """Return the stacks whose names start with `prefix`, by name."""
        with translated("reading the stacks"):
            pages = self._cloudformation.get_paginator("describe_stacks").paginate()
            found = [s for page in pages for s in page["Stacks"] if s["StackName"].startswith(prefix)]
        return {s["StackName"]: _stack(s) for s in found if s["StackStatus"] != "DELETE_COMPLETE"}

    def get(self, name: str) -> Stack | None:
        from botocore.exceptions import ClientError

        with translated(f"reading the stack {name}"):
            try:
                stacks = self._cloudformation.describe_stacks(StackName=name)["Stacks"]
            except ClientError as exc:
                if error_code(exc) == "ValidationError" and "does not exist" in str(exc):
                    return None
                raise
        live = [s for s in stacks if s["StackStatus"] != "DELETE_COMPLETE"]
        return _stack(live[0]) if live else None

    def resources(self, name: str) -> list[dict[str, Any]]:
        """Return the resources of a stack: logical id, type, physical id, status."""
        with translated(f"reading the resources of {name}"):
            pages = self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
            return [r for page in pages for r in page["StackResourceSummaries"]]

    def first_failure(self, name: str) -> str:
        """Name the first resource that failed in the stack's latest operation, and why."""
        with translated(f"reading the events of {name}"):
            events = self._cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        failed = [
            e
            for e in events
            if e["ResourceStatus"].endswith("_FAILED")
            and "cancelled" not in e.get("ResourceStatusReason", "")
        ]
        if not failed:
            return "no resource reported a failure"
        first = failed[-1]
        return (
            f"{first['LogicalResourceId']} ({first['ResourceType']}): "
            f"{first.get('ResourceStatusReason', 'no reason given').rstrip('.')}"
        )


class StackWriter(StackReader):
    """Creates, updates and deletes stacks, and waits for the end of it."""

    def __init__(self, aws: Aws, sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__(aws)
        self._sleep = sleep

    def create(self, name: str, body: str, parameters: Mapping[str, str], tags: Mapping[str, str]) -> Stack:
        with translated(f"creating the stack {name}"):
            self._cloudformation.create_stack(
                StackName=name,
                TemplateBody=body,
                Parameters=_pairs(parameters),
                Tags=_tags(tags),
                Capabilities=["CAPABILITY_NAMED_IAM"],
                OnFailure="ROLLBACK",
            )
        return self._settled(name)

    def update(self, name: str, body: str, parameters: Mapping[str, str], tags: Mapping[str, str]) -> Stack:
        from botocore.exceptions import ClientError

        with translated(f"updating the stack {name}"):
            try:
                self._cloudformation.update_stack(
                    StackName=name,
                    TemplateBody=body,
                    Parameters=_pairs(parameters),
                    Tags=_tags(tags),
                    Capabilities=["CAPABILITY_NAMED_IAM"],
                )
            except ClientError as exc:
                if "No updates are to be performed" not in str(exc):
                    raise
        return self._settled(name)

    def delete(self, name: str) -> None:
        """Delete a stack and wait until it is gone."""
        with translated(f"deleting the stack {name}"):
            self._cloudformation.delete_stack(StackName=name)
        delay = 0.05
        while (stack := self.get(name)) is not None:
            if stack.status == "DELETE_FAILED":
                raise CloudError(
                    f"Stack {name} could not be deleted: {self.first_failure(name)}.",
                    hint="Remove what is named, then run `engage destroy` again.",
                )
            self._sleep(delay)
            delay = min(delay * 1.5, 5)

    def _settled(self, name: str) -> Stack:
        delay = 0.05
        while True:
            stack = self.get(name)
            if stack is None:
                raise CloudError(f"Stack {name} vanished while it was being deployed.", hint="Deploy again.")
            if not stack.status.endswith("_IN_PROGRESS"):
                break
            self._sleep(delay)
            delay = min(delay * 1.5, 5)
        if stack.status not in _DONE:
            raise CloudError(
                f"Stack {name} failed at {self.first_failure(name)}.",
                hint="Correct the cause and run `engage deploy` again, which clears the failed stack.",
            )
        return stack


def _stack(data: Mapping[str, Any]) -> Stack:
    tags = {t["Key"]: t["Value"] for t in data.get("Tags", [])}
    return Stack(
        name=data["StackName"],
        status=data["StackStatus"],
        parameters={p["ParameterKey"]: p.get("ParameterValue", "") for p in data.get("Parameters", [])},
        outputs={o["OutputKey"]: o.get("OutputValue", "") for o in data.get("Outputs", [])},
        fingerprint=tags.get(FINGERPRINT_TAG),
        updated=str(data.get("LastUpdatedTime") or data.get("CreationTime") or ""),
    )


def _pairs(parameters: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": k, "ParameterValue": v} for k, v in sorted(parameters.items())]


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": k, "Value": v} for k, v in sorted(tags.items())]
