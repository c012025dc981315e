"""Removes an environment, and says what is left of it."""

from collections.abc import Callable
from dataclasses import dataclass

from engage_cli.aws.errors import translated
from engage_cli.aws.objects import ObjectStore
from engage_cli.aws.session import Aws
from engage_cli.aws.stacks import StackWriter
from engage_cli.deploy.layers import LAYERS, stack_name, stack_prefix


@dataclass(frozen=True)
class Residue:
    """What of an environment is still there: kind and name."""

    kind: str
    name: str


class Remover:
    """Deletes the stacks in reverse order, with what would stop CloudFormation emptied first."""

    def __init__(self, env: str, aws: Aws, on_step: Callable[[str], None]) -> None:
        self._env = env
        self._aws = aws
        self._stacks = StackWriter(aws)
        self._on_step = on_step

    def existing(self) -> list[str]:
        """Return the names of the stacks that would be deleted, in the order of deletion."""
        found = self._stacks.all(stack_prefix(self._env))
        known = [stack_name(self._env, layer) for layer in reversed(LAYERS)]
        return [name for name in known if name in found] + sorted(set(found) - set(known))

    def remove(self) -> None:
        """Delete every stack. Raises CloudError naming what could not be deleted; may be repeated."""
        for name in self.existing():
            self._empty_buckets(name)
            self._on_step(name)
            self._stacks.delete(name)
        self._delete_log_groups()

    def _empty_buckets(self, stack: str) -> None:
        for resource in self._stacks.resources(stack):
            if resource["ResourceType"] == "AWS::S3::Bucket" and resource.get("PhysicalResourceId"):
                store = ObjectStore(self._aws, resource["PhysicalResourceId"])
                if store.bucket in self._buckets():
                    count = store.delete(store.keys())
                    self._on_step(f"{store.bucket}: {count} objects")

    def _buckets(self) -> list[str]:
        with translated("listing the buckets"):
            names = [b["Name"] for b in self._aws.client("s3").list_buckets()["Buckets"]]
        return [n for n in names if n.startswith(stack_prefix(self._env))]

    def _log_groups(self) -> list[str]:
        logs = self._aws.client("logs")
        with translated("listing the log groups"):
            pages = logs.get_paginator("describe_log_groups").paginate(
                logGroupNamePrefix=f"/engage/{self._env}/"
            )
            return [g["logGroupName"] for page in pages for g in page["logGroups"]]

    def _delete_log_groups(self) -> None:
        # A function that still ran while its stack was deleted may have made its group anew.
        for name in self._log_groups():
            with translated(f"deleting the log group {name}"):
                self._aws.client("logs").delete_log_group(logGroupName=name)

    def residue(self) -> list[Residue]:
        """Look for what is left: stacks, buckets and log groups of the environment."""
        stacks = self._stacks.all(stack_prefix(self._env))
        return [
            *(Residue("stack", name) for name in stacks),
            *(Residue("bucket", name) for name in self._buckets()),
            *(Residue("log group", name) for name in self._log_groups()),
        ]
