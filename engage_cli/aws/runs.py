"""Executions of the pipeline's state machine: reading them, and starting them."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from engage_cli.aws.errors import error_code, translated
from engage_cli.aws.session import Aws
from engage_cli.aws.traces import new_header
from engage_cli.errors import CloudError, UserError


class RunReader:
    """Reads the runs of one state machine."""

    def __init__(self, aws: Aws, state_machine_arn: str) -> None:
        self._sfn = aws.client("stepfunctions")
        self._arn = state_machine_arn

    def execution_arn(self, run_id: str) -> str:
        return f"{self._arn.replace(':stateMachine:', ':execution:')}:{run_id}"

    def recent(self, limit: int = 20, status: str | None = None) -> list[dict[str, Any]]:
        """Return the newest executions, newest first."""
        arguments: dict[str, Any] = {"stateMachineArn": self._arn, "maxResults": limit}
        if status:
            arguments["statusFilter"] = status
        with translated("listing the runs"):
            found: list[dict[str, Any]] = self._sfn.list_executions(**arguments)["executions"]
        return sorted(found, key=lambda e: e["startDate"], reverse=True)

    def describe(self, run_id: str) -> dict[str, Any]:
        """Return one execution. Raises UserError when there is no such run."""
        from botocore.exceptions import ClientError

        with translated(f"reading the run {run_id}"):
            try:
                description: dict[str, Any] = self._sfn.describe_execution(
                    executionArn=self.execution_arn(run_id)
                )
            except ClientError as exc:
                if error_code(exc) in ("ExecutionDoesNotExist", "InvalidArn"):
                    raise UserError(f"There is no run '{run_id}'.", hint="List them: engage runs") from exc
                raise
        return description

    def history(self, run_id: str) -> Iterator[dict[str, Any]]:
        """Yield the events of a run, oldest first."""
        with translated(f"reading the history of {run_id}"):
            pages = self._sfn.get_paginator("get_execution_history").paginate(
                executionArn=self.execution_arn(run_id), includeExecutionData=True
            )
            for page in pages:
                yield from page["events"]


class RunStarter(RunReader):
    """Starts and stops runs."""

    def start(self, run_id: str, data: Mapping[str, Any]) -> datetime:
        """Start an execution named `run_id`, with a trace of its own; return when it started."""
        with translated("starting the pipeline"):
            started = self._sfn.start_execution(
                stateMachineArn=self._arn, name=run_id, input=json.dumps(data), traceHeader=new_header()
            )
        when = started["startDate"]
        if not isinstance(when, datetime):
            raise CloudError("The endpoint gave no start time for the run.")
        return when

    def resume(self, run_id: str) -> None:
        """Go on with a run that ended badly, at the state where it ended."""
        with translated(f"resuming the run {run_id}"):
            self._sfn.redrive_execution(executionArn=self.execution_arn(run_id))

    def stop(self, run_id: str, reason: str) -> None:
        with translated(f"stopping the run {run_id}"):
            self._sfn.stop_execution(executionArn=self.execution_arn(run_id), error="Stopped", cause=reason)
