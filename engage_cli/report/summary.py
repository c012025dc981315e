"""What the first screen says, as data: the same for the page and for `--json`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engage_ml.contract import RISK_HIGH

from engage_cli.cost.model import WEEKLY_RUNS_PER_MONTH, CostReport
from engage_cli.cost.render import to_json, total_text
from engage_cli.report import trust, words
from engage_cli.report.aggregates import Segment
from engage_cli.report.inputs import ReportInputs

ACTIONS = 3
WORTH_AN_ACTION = 0.05
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Tile:
    """A number on the first screen; `state` colours it."""

    label: str
    value: str
    note: str
    state: str = ""


@dataclass(frozen=True)
class Summary:
    """The first screen: a definition, tiles, what to do, and whether to trust it."""

    definition: str
    tiles: Sequence[Tile]
    actions: Sequence[Segment]
    trust: trust.Trust


def summarise(inputs: ReportInputs) -> Summary:
    """Return what a manager reads."""
    verdict = trust.judge(inputs)
    return Summary(
        definition=definition(inputs),
        tiles=(*_customer_tiles(inputs), _trust_tile(verdict), _cost_tile(inputs.cost)),
        actions=actions(inputs.segments),
        trust=verdict,
    )


def definition(inputs: ReportInputs) -> str:
    """What "at risk" means, in the run's own horizon."""
    weeks = words.counted(inputs.weeks["churn"], "week")
    return (
        f"At risk is a customer with a chance of {words.share(RISK_HIGH)} or more of not being active at all "
        f"in the next {weeks}."
    )


def actions(segments: Sequence[Segment] | None) -> list[Segment]:
    """The segments where an effort pays most: the most at stake for each customer, among those with at least
    WORTH_AN_ACTION of all that is at stake.
    """
    there = [s for s in segments or () if s.customers and s.value_at_stake > 0]
    least = WORTH_AN_ACTION * sum(s.value_at_stake for s in there)
    worth = [s for s in there if s.value_at_stake >= least]
    return sorted(worth, key=lambda s: (-s.value_at_stake / s.customers, s.name))[:ACTIONS]


def _customer_tiles(inputs: ReportInputs) -> tuple[Tile, ...]:
    everybody, unit = inputs.predictions.everybody, inputs.contract.value_unit
    weeks = words.counted(inputs.weeks["value"], "week")
    return (
        Tile("Customers", words.count(everybody.customers), f"on {words.day(inputs.as_of)}"),
        Tile(
            f"Expected in {weeks}",
            words.amount(everybody.expected_value, unit),
            f"{words.name(inputs.contract.value)} of all customers together. {_range(inputs)}",
        ),
        Tile(
            "At risk",
            words.count(everybody.at_risk),
            f"{words.share(everybody.at_risk_share)} of all. "
            f"{words.amount(everybody.value_at_risk, unit)} of the value expected is theirs; "
            f"{words.count(everybody.at_risk_active)} of them were active in the last "
            f"{words.counted(inputs.contract.recent_weeks, 'week')}.",
            trust.BAD,
        ),
    )


def _range(inputs: ReportInputs) -> str:
    """How sure the total is. Ranges are made for single customers; they do not add up to one of the sum."""
    if inputs.evaluation is None:
        return "How sure that is, is not known."
    found = trust.model_of(inputs, "value").get("all", {})
    if found.get("total_ratio") is None:
        return "How sure that is, could not be measured."
    return f"In the test, {words.share(found['total_ratio'])} of what came was foretold."


def _trust_tile(verdict: trust.Trust) -> Tile:
    return Tile("Can you rely on it?", verdict.answer, verdict.reason, verdict.state)


def _cost_tile(cost: CostReport | None) -> Tile:
    if cost is None:
        return Tile("Cost", "Not known", "This run was not metered.")
    sign = "≥ " if cost.run.at_least else ""
    return Tile(
        "Cost on AWS",
        f"{sign}{words.usd(float(cost.run.usd))}",
        f"for this run; {total_text(cost.month.list_price)} for a month of {run_words(cost)}.",
    )


def run_words(cost: CostReport) -> str:
    """How many runs the month of a bill has."""
    runs = cost.month.runs
    return "weekly runs" if runs == WEEKLY_RUNS_PER_MONTH else f"{float(runs):.3g} runs"


def to_document(inputs: ReportInputs) -> dict[str, Any]:
    """The facts of the page as one JSON document; what the run does not have is null."""
    found, contract = summarise(inputs), inputs.contract
    everybody = inputs.predictions.everybody
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": inputs.run_id,
        "as_of": inputs.as_of,
        "model_version": inputs.serving_version,
        "value_unit": contract.value_unit,
        "horizon_weeks": dict(contract.horizons),
        "definition": found.definition,
        "customers": everybody.customers,
        "expected_value": everybody.expected_value,
        "at_risk": {
            "customers": everybody.at_risk,
            "share": everybody.at_risk_share,
            "recently_active": everybody.at_risk_active,
            "expected_value": everybody.value_at_risk,
        },
        "actions": [asdict(s) for s in found.actions],
        "trust": {**asdict(found.trust), "answer": found.trust.answer},
        "predictions": asdict(inputs.predictions),
        "segments": None if inputs.segments is None else [asdict(s) for s in inputs.segments],
        "evaluation": inputs.evaluation,
        "monitor": inputs.monitor,
        "cutoffs": None if inputs.spec is None else inputs.spec.get("cutoffs"),
        "data_quality": data_quality(inputs),
        "cost": None if inputs.cost is None else to_json(inputs.cost),
    }


def data_quality(inputs: ReportInputs) -> dict[str, Any] | None:
    """What the validation counted; None when the run's status does not tell."""
    status = inputs.status or {}
    found = (status.get("steps") or {}).get("validate") or status.get("validate")
    return None if found is None else dict(found)
