"""What a report is made from. What a run does not have is None: the page then says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engage_ml.data_contract import DataContract
from engage_ml.dictionary import Feature, dictionary

from engage_cli.cost.model import CostReport
from engage_cli.cost.usage import Usage
from engage_cli.report.aggregates import Aggregates, Segment

Document = Mapping[str, Any]


@dataclass(frozen=True)
class ReportInputs:
    """The run's contract, its predictions in groups, its documents and its bill."""

    run_id: str
    as_of: str
    generated: str
    contract: DataContract
    predictions: Aggregates
    segments: Sequence[Segment] | None = None
    evaluation: Document | None = None
    monitor: Document | None = None
    reference: Document | None = None
    """The bins that drift is measured on, of the model that predicted."""
    counts: Mapping[str, Mapping[str, Sequence[int]]] | None = None
    """This run's rows on those bins: `features` and `predictions`, counts by name."""
    spec: Document | None = None
    status: Document | None = None
    model: Document | None = None
    """`model.json` of the model that predicted."""
    usage: Usage | None = None
    cost: CostReport | None = None
    environment: str | None = None
    target: str | None = None  # "local" or "aws"

    @cached_property
    def weeks(self) -> Mapping[str, int]:
        """Horizons in weeks by target."""
        return self.contract.horizons

    @property
    def serving(self) -> str:
        """Which model of the evaluation made the predictions: `challenger` when it was promoted."""
        promoted = self.evaluation is None or self.evaluation["decision"]["promote"]
        return "challenger" if promoted else "champion"

    @property
    def serving_version(self) -> str | None:
        """The version of the model that made the predictions."""
        if self.evaluation is None:
            return None
        key = "model_version" if self.serving == "challenger" else "champion_version"
        found = self.evaluation.get(key)
        return None if found is None else str(found)

    @cached_property
    def features(self) -> Mapping[str, Feature]:
        """The features of the contract by name, with their meanings."""
        return dictionary(self.contract).by_name

    def meaning(self, feature: str) -> str:
        """What a feature means; empty for one that the contract does not have."""
        known = self.features.get(feature)
        return known.meaning if known else ""
