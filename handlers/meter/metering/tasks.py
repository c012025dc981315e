"""Fargate tasks of the run, read from the results of `ecs:runTask.sync` in the histories.

The history is used because ECS forgets a stopped task after about an hour; ECS is asked only for what
the history does not say.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from metering.history import History
from metering.records import Client, Used, not_metered

MINIMUM_SECONDS = 60
FREE_EPHEMERAL_GB = 20
_HOUR = Decimal(3600)
_SOURCE = "ECS task times in GetExecutionHistory: image pull start to stop, whole seconds, at least 60"
_ITEMS = {
    ("X86_64", False): ("Fargate", "Linux x86 vCPU", "Linux x86 memory"),
    ("ARM64", False): ("Fargate", "Linux ARM64 vCPU", "Linux ARM64 memory"),
    ("X86_64", True): ("Fargate Spot", "x86 vCPU", "x86 memory"),
}


@dataclass(frozen=True)
class Task:
    """A stopped task: size, and seconds from the start of the image pull."""

    family: str
    vcpu: float
    memory_gb: float
    architecture: str
    spot: bool
    ephemeral_gb: int
    start_seconds: float
    run_seconds: float

    @property
    def billed_seconds(self) -> int:
        return max(MINIMUM_SECONDS, math.ceil(self.start_seconds + self.run_seconds))

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "billed_seconds": self.billed_seconds}


def load(client: Client, histories: list[History]) -> tuple[list[Task], int]:
    """The run's stopped tasks, and how many tasks have no usable times (cannot be billed)."""
    found: dict[str, dict[str, Any]] = {}
    for history in histories:
        for event in history.events:
            for raw in _tasks_of(event):
                found[raw["taskArn"]] = raw
    architectures: dict[str, str] = {}
    tasks, unusable = [], 0
    for raw in found.values():
        task = _task(_complete(client, raw), client, architectures)
        if task is None:
            unusable += 1
        else:
            tasks.append(task)
    return tasks, unusable


def usage(tasks: list[Task], unusable: int, *, public_ip: bool | None) -> list[Used]:
    """vCPU-hours and GB-hours by family and size, extra disk, and public addresses while tasks ran."""
    lines: list[Used] = []
    for key in sorted({(t.family, t.vcpu, t.memory_gb, t.architecture, t.spot) for t in tasks}):
        same = [t for t in tasks if (t.family, t.vcpu, t.memory_gb, t.architecture, t.spot) == key]
        lines += _compute(same)
    extra = sum(
        (Decimal(max(0, t.ephemeral_gb - FREE_EPHEMERAL_GB)) * t.billed_seconds / _HOUR for t in tasks),
        Decimal(),
    )
    if extra:
        lines.append(
            Used("Fargate", "Ephemeral storage above 20 GB", extra, "GB-hour", f"{len(tasks)} tasks", _SOURCE)
        )
    if unusable:
        reason = f"{unusable} tasks without pull and stop times"
        lines.append(not_metered("Fargate", "Linux x86 vCPU", "vCPU-hour", reason))
    if tasks and public_ip:
        hours = Decimal(sum(t.billed_seconds for t in tasks)) / _HOUR
        lines.append(
            Used(
                "VPC",
                "public IPv4 address in use",
                hours,
                "hour",
                f"{len(tasks)} tasks, one address each",
                "state machine definition: AssignPublicIp ENABLED; hours of the tasks",
            )
        )
    elif tasks and public_ip is None:
        reason = "the state machine definition could not be read"
        lines.append(not_metered("VPC", "public IPv4 address in use", "hour", reason))
    return lines


def _compute(tasks: list[Task]) -> list[Used]:
    first = tasks[0]
    seconds = sum(t.billed_seconds for t in tasks)
    size = f"{first.vcpu:g} vCPU / {first.memory_gb:g} GB {first.architecture}"
    detail = f"{first.family}: {len(tasks)} x {size}, {seconds} s billed"
    known = _ITEMS.get((first.architecture, first.spot))
    if known is None:
        # AWS publishes no ARM64 Spot rate: the amount is measured, its price is not known.
        return [not_metered("Fargate Spot", "x86 vCPU", "vCPU-hour", f"no ARM64 Spot price; {detail}")]
    service, cpu_item, memory_item = known
    hours = Decimal(seconds) / _HOUR
    cpu = Used(service, cpu_item, hours * Decimal(str(first.vcpu)), "vCPU-hour", detail, _SOURCE)
    memory = Used(service, memory_item, hours * Decimal(str(first.memory_gb)), "GB-hour", detail, _SOURCE)
    return [cpu, memory]


def _tasks_of(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Tasks in the output of a finished, or the cause of a failed, runTask.sync."""
    details = event.get("taskSucceededEventDetails") or event.get("taskFailedEventDetails")
    if not details:
        return
    text = details.get("output") or details.get("cause") or ""
    if "askArn" not in text:  # cheap test: other tasks' outputs may be large
        return
    try:
        answer = _lower(json.loads(text))
    except ValueError:
        return  # a cause in plain words
    if isinstance(answer, dict):
        for task in answer.get("tasks") or [answer]:
            if isinstance(task, dict) and "taskArn" in task and "taskDefinitionArn" in task:
                yield task


def _lower(value: Any) -> Any:
    """Step Functions writes ECS answers in PascalCase; the ECS API itself uses camelCase."""
    if isinstance(value, dict):
        return {k[:1].lower() + k[1:]: _lower(v) for k, v in value.items()}
    return [_lower(v) for v in value] if isinstance(value, list) else value


def _complete(client: Client, raw: dict[str, Any]) -> dict[str, Any]:
    if raw.get("stoppedAt"):
        return raw
    answer = client("ecs").describe_tasks(cluster=raw.get("clusterArn", "default"), tasks=[raw["taskArn"]])
    return {**raw, **(answer["tasks"][0] if answer["tasks"] else {})}


def _task(raw: dict[str, Any], client: Client, architectures: dict[str, str]) -> Task | None:
    began = _moment(raw.get("pullStartedAt") or raw.get("createdAt"))
    stopped = _moment(raw.get("stoppedAt"))
    if began is None or stopped is None:
        return None
    started = _moment(raw.get("startedAt")) or began
    definition = raw["taskDefinitionArn"]
    size = (raw.get("ephemeralStorage") or {}).get("sizeInGiB", FREE_EPHEMERAL_GB)
    return Task(
        family=definition.rsplit("/", 1)[-1].split(":")[0],
        vcpu=int(raw["cpu"]) / 1024,
        memory_gb=int(raw["memory"]) / 1024,
        architecture=_architecture(raw, client, architectures),
        spot=raw.get("capacityProviderName") == "FARGATE_SPOT",
        ephemeral_gb=int(size),
        start_seconds=max(0.0, (started - began).total_seconds()),
        run_seconds=max(0.0, (stopped - started).total_seconds()),
    )


def _architecture(raw: dict[str, Any], client: Client, known: dict[str, str]) -> str:
    for attribute in raw.get("attributes") or []:
        if attribute.get("name") == "ecs.cpu-architecture":
            return str(attribute["value"]).upper()
    arn = raw["taskDefinitionArn"]
    if arn not in known:
        definition = client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
        # A definition without a runtime platform runs on x86.
        known[arn] = (definition.get("runtimePlatform") or {}).get("cpuArchitecture") or "X86_64"
    return known[arn]


def _moment(value: Any) -> datetime | None:
    """A time as AWS writes it: a datetime, ISO text, epoch seconds or epoch milliseconds."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
