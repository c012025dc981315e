"""The screen that ends the demo."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engage_cli.cli.context import Context
    from engage_cli.cost.model import CostReport
    from engage_cli.pipeline.states import StateView

NEXT_COMMANDS = (
    'engage ask "Compare churn risk between plans"',
    "engage runs show latest",
    "engage schedule on",
)


def demo_summary(context: "Context", seconds: float, report: Path) -> str:
    """Return what was built, model quality, slowest steps, cost, report and what to try next."""
    from engage_cli.cost import model, reader
    from engage_cli.pipeline.run import result_of

    lake = context.reader("LakeBucket")
    runs = context.runs()
    run_id = runs.recent(1, status="SUCCEEDED")[0]["name"]
    result = result_of(runs, run_id)
    evaluation = lake.get_json(f"runs/{run_id}/evaluation.json")
    costs = model.cost_report(reader.read_usage(lake, run_id))
    output = result.output or {}
    published = output.get("publish", {})
    lines = [
        "",
        f"[bold]Done in {seconds:.0f} s.[/bold]",
        f"  Built      {_built(context)}",
        f"  Predicted  {published.get('predictions', 0):,} customers as of {output.get('as_of')}",
        *_quality(evaluation),
        f"  Slowest    {_slowest(result.states)}",
        *_cost(costs),
        f"  Report     {report.absolute()}",
        "  Try next:",
        *(f"    {command}" for command in NEXT_COMMANDS),
    ]
    return "\n".join(lines)


def _built(context: "Context") -> str:
    from engage_cli.aws.stacks import StackReader
    from engage_cli.deploy.layers import stack_prefix

    reader = StackReader(context.aws)
    names = list(reader.all(stack_prefix(context.settings.env)))
    resources = [r for name in names for r in reader.resources(name)]
    kinds = {r["ResourceType"] for r in resources}
    return f"{len(names)} stacks, {len(resources)} resources of {len(kinds)} types"


def _quality(evaluation: dict[str, Any]) -> list[str]:
    targets = evaluation["targets"]
    who = "challenger" if evaluation["decision"]["promote"] else "champion"
    churn, engagement, value = (targets[t][who] for t in ("churn", "engagement", "value"))
    return [
        f"  Quality    churn AUC {churn['all']['roc_auc']:.3f} "
        f"({churn['recent']['roc_auc']:.3f} among recently active customers), "
        f"engagement MAE {engagement['all']['mae']:.3f}, value Gini {value['all']['gini']:.3f}",
    ]


def _cost(costs: "CostReport") -> list[str]:
    from engage_cli.cost.render import total_text

    return [
        f"  On AWS     {total_text(costs.run)} for this run, {total_text(costs.month.list_price)} a month at "
        "weekly runs (list prices)"
    ]


def _slowest(states: "list[StateView]") -> str:
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    top = sorted(states, key=lambda s: s.seconds(now), reverse=True)[:3]
    return ", ".join(f"{s.name} {s.seconds(now):.1f} s" for s in top)
