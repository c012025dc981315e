"""What `engage local services` shows: every operation that the platform uses, and how real it is here.

What is used is read from the platform's own files (`usage`); how real it is, is declared beside the code that
implements it. An operation that is used and not declared is an error, and a test calls each of them.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engage_cli.errors import UserError
from engage_cli.local.levels import Declared, Level

TEMPLATES = "templates"  # the service under which resource types are listed


@dataclass(frozen=True)
class Entry:
    """One operation, or one resource type (service "templates"), with its level and where it is used."""

    service: str
    operation: str
    level: Level
    note: str
    used_in: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "level": str(self.level), "used_in": list(self.used_in)}


class UndeclaredError(LookupError):
    """The platform uses something whose level nobody declared."""


def entries() -> list[Entry]:
    """Every used operation and resource type, in alphabetical order. Raises UndeclaredError."""
    from engage_cli.assets import asset_root
    from engage_cli.local import usage

    root = asset_root()
    packages = (Path(__file__).parents[1], root / "handlers", root / "containers")
    used = usage.used(root, packages)
    operations = dict(_operations())
    types = dict(_types())
    missing = [f"{service}:{name}" for service, name in used.keys() - operations.keys()]
    missing += [kind for kind in usage.resource_types(root) if kind not in types]
    if missing:
        raise UndeclaredError(
            f"No level is declared for {', '.join(sorted(missing))} (engage_cli/local/declared.py)."
        )
    found = [
        Entry(*pair, operations[pair].level, operations[pair].note, tuple(sorted(where)))
        for pair, where in sorted(used.items())
    ]
    found += [
        Entry(TEMPLATES, kind, types[kind].level, types[kind].note, ()) for kind in usage.resource_types(root)
    ]
    return found


def of_service(service: str | None) -> list[Entry]:
    """The entries of one service, or all. Raises UserError for a service that the platform does not use."""
    every = entries()
    if service is None:
        return every
    chosen = [entry for entry in every if entry.service == service]
    if not chosen:
        names = ", ".join(sorted({entry.service for entry in every}))
        raise UserError(f"The platform does not use the service {service!r}.", hint=f"It uses: {names}.")
    return chosen


def table(every: list[Entry]) -> str:
    """The entries as a Markdown table, one line a service and level, for the README."""
    lines = ["| service | level | operations | remark |", "|---|---|---|---|"]
    groups: dict[tuple[str, str, str], list[str]] = {}
    for entry in every:
        groups.setdefault((entry.service, str(entry.level), entry.note), []).append(entry.operation)
    for (service, level, note), names in groups.items():
        lines.append(f"| {service} | {level} | {', '.join(names)} | {note} |")
    return "\n".join(lines)


def _operations() -> Iterator[tuple[tuple[str, str], Declared]]:
    from engage_cli.local import crawler, declared, ecs_tasks
    from engage_cli.local.athena import service as athena
    from engage_cli.local.bedrock import service as bedrock
    from engage_cli.local.xray import service as xray

    for module in (declared, athena, bedrock, crawler, ecs_tasks, xray):
        for service, names in module.OPERATIONS.items():
            for name, level in names.items():
                yield (service, name), level


def _types() -> Iterator[tuple[str, Declared]]:
    from engage_cli.local import declared
    from engage_cli.local.bedrock import service as bedrock

    yield from declared.TYPES.items()
    yield from bedrock.TYPES.items()


def rewrite(readme: Path) -> None:
    """Put the current table between the markers of the README."""
    begin, end = "<!-- services:begin -->", "<!-- services:end -->"
    before, _, rest = readme.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    readme.write_text(f"{before}{begin}\n{table(entries())}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    import sys

    rewrite(Path(sys.argv[1]))
