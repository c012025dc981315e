"""What `engage status` collects and shows."""

from pathlib import Path
from typing import Any

from engage_cli.cli.context import Context
from engage_cli.deploy.layers import LAYERS, stack_name, stack_prefix
from engage_cli.ui import Ui

_HIDDEN = ("parameters", "sources")


def collect_status(context: Context, directory: Path) -> dict[str, Any]:
    """Read settings, stacks, latest run, champion and data; starts nothing that is not running."""
    settings = context.settings
    data: dict[str, Any] = {
        "settings": [
            {"name": name, "value": _text(getattr(settings, name)), "source": source}
            for name, source in settings.sources.items()
            if name not in _HIDDEN
        ],
        "parameters": dict(settings.parameters),
        "stacks": [],
    }
    if settings.is_local and not _endpoint_runs(context):
        data["endpoint"] = "not running"
        return data
    from engage_cli.aws.stacks import StackReader

    stacks = StackReader(context.aws).all(stack_prefix(settings.env))
    data["endpoint"] = context.aws.endpoint_url or "AWS"
    data["stacks"] = [
        {"layer": layer, "status": stacks[name].status if name in stacks else "absent",
         "updated": stacks[name].updated if name in stacks else ""}
        for layer in LAYERS for name in [stack_name(settings.env, layer)]
    ]  # fmt: skip
    if len(stacks) == len(LAYERS):
        data |= _platform(context)
    return data


def _endpoint_runs(context: Context) -> bool:
    from engage_cli.local.process import find_running

    return find_running(context.settings.home) is not None


def _platform(context: Context) -> dict[str, Any]:
    champion = context.reader("LakeBucket").get_json("models/champion.json")
    runs = context.runs().recent(1)
    latest = runs[0] if runs else None
    return {
        "champion": champion,
        "latest_run": latest and {
            "run_id": latest["name"], "status": latest["status"], "started": str(latest["startDate"]),
        },
        "api": context._api_url(),
    }  # fmt: skip


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def render_status(ui: Ui, data: dict[str, Any]) -> None:
    ui.table(
        "Settings", ("setting", "value", "from"),
        [(s["name"], s["value"] if s["value"] is not None else "-", s["source"]) for s in data["settings"]]
        + [(f"parameters.{k}", v, "engage.toml") for k, v in data["parameters"].items()],
    )  # fmt: skip
    if not data["stacks"]:
        ui.print(
            "The embedded endpoint is not running; any command that needs it starts it. Next: engage deploy"
        )
        return
    ui.table(
        "Stacks", ("layer", "status", "updated"),
        [(s["layer"], s["status"], s["updated"][:19]) for s in data["stacks"]],
    )  # fmt: skip
    ui.print(f"Endpoint: {data['endpoint']}")
    if "api" not in data:
        ui.print("Next: engage deploy")
        return
    run, champion = data["latest_run"], data["champion"]
    ui.print(f"API: {data['api']}")
    ui.print(
        f"Latest run: {run['run_id']} {run['status']}" if run else "No run yet. Next: engage run-pipeline"
    )
    if champion:
        ui.print(f"Champion model: {champion['model_version']} (as of {champion['as_of']})")
