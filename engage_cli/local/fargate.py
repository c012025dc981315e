"""The task sizes that Fargate accepts (AWS ECS developer guide, "task CPU and memory"; cfn-lint E3047)."""

from collections.abc import Mapping, Sequence
from typing import Any

# CPU units -> allowed memory in MiB.
SIZES: dict[int, Sequence[int]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
    32768: (61440, 122880, 249856),
}
_MESSAGE = "No Fargate configuration exists for given values"


def problem(definition: Mapping[str, Any]) -> str | None:
    """Why Fargate would refuse a RegisterTaskDefinition request (camelCase keys), or None."""
    compatibilities = definition.get("requiresCompatibilities") or []
    if "FARGATE" not in compatibilities:
        return None
    if definition.get("cpu") is None or definition.get("memory") is None:
        return "Fargate requires that 'cpu' and 'memory' be defined at the task level."
    if definition.get("networkMode") not in (None, "awsvpc"):
        return "Fargate only supports network mode 'awsvpc'."
    cpu, memory = units(definition["cpu"], "vcpu"), units(definition["memory"], "gb")
    if cpu is None or memory is None or cpu not in SIZES or memory not in SIZES[cpu]:
        return f"{_MESSAGE}: {definition['cpu']} CPU, {definition['memory']} memory. See the Fargate table."
    storage = (definition.get("ephemeralStorage") or {}).get("sizeInGiB")
    if storage is not None and not 21 <= int(storage) <= 200:
        return f"The ephemeral storage size must be between 21 and 200 GiB, not {storage}."
    for container in definition.get("containerDefinitions") or []:
        stop = container.get("stopTimeout")
        if stop is not None and not 0 <= int(stop) <= 120:
            return f"The stopTimeout of a Fargate task is at most 120 seconds, not {stop}."
    return None


def units(value: object, unit: str) -> int | None:
    """CPU units or MiB of '1024', 1024, '1 vCPU' or '2 GB'; None of what is no size."""
    text = str(value).strip().lower()
    try:
        if text.endswith(unit):
            return int(float(text.removesuffix(unit).strip()) * 1024)
        return int(text)
    except ValueError:
        return None
