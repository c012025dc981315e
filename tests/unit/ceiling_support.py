"""A simulated world whose hidden side is kept, for tests of the ceiling."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from engage_cli.datagen.ceiling.best import Best, Predictor
from engage_cli.datagen.ceiling.sample import Observed, Observer, week_index
from engage_cli.datagen.model import Attributes, Simulation, draw_attributes, draw_traits
from engage_cli.datagen.parameters import Parameters
from engage_cli.datagen.truth import Outlook, outlook

END = date(2026, 11, 23)


@dataclass(frozen=True)
class Seen:
    """What was observed until the end, and what was true at the cut-off."""

    start: date
    cutoff: date
    observed: Observed
    outlook: Outlook
    parameters: Parameters

    @property
    def weeks(self) -> int:
        """Weeks before the cut-off."""
        return week_index(self.cutoff, self.start)

    def best(self) -> Best:
        predictor = Predictor(self.start, lambda _: self.parameters)
        return predictor.predict(self.observed, [self.cutoff])[self.cutoff]

    def future(self, best: Best) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(churned, share of 28 days, spend of 12 weeks) of the customers of `best`, as it came."""
        who = best.number - 1
        days = self.observed.active_days[who, self.weeks : self.weeks + 4].sum(axis=1)
        spend = self.observed.spend[who, self.weeks : self.weeks + 12].sum(axis=1)
        return days == 0, days / 28, spend

    def before(self, best: Best, weeks: int) -> np.ndarray:
        """Active days by week of the last weeks before the cut-off, of the customers of `best`."""
        return self.observed.active_days[best.number - 1, self.weeks - weeks : self.weeks]


def simulate(
    customers: int,
    *,
    seed: int,
    weeks: int = 40,
    ahead: int = 12,
    parameters: Parameters | None = None,
    attributes: Attributes | None = None,
) -> Seen:
    """Simulate `weeks` before a cut-off and `ahead` after it."""
    rng, p = np.random.default_rng(seed), parameters or Parameters()
    start = END - timedelta(weeks=weeks + ahead)
    a = attributes or draw_attributes(rng, customers, END, p)
    simulation = Simulation(a, draw_traits(rng, a, p), start, rng, p)
    observer = Observer(np.arange(1, customers + 1), customers, a, p, weeks + ahead)
    for week in range(weeks + ahead):
        if week == weeks:
            truth = outlook(simulation)
        observer.note(week, simulation.step())
    return Seen(start, start + timedelta(weeks=weeks), observer.observed(), truth, p)
