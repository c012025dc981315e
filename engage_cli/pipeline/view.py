"""Shows a run's states: a live table on a terminal, one line per change elsewhere."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from engage_cli.pipeline.run import RunResult
from engage_cli.ui import Ui

if TYPE_CHECKING:
    from rich.table import Table

_MARKS = {"running": "[cyan]●[/cyan]", "succeeded": "[green]✓[/green]", "failed": "[red]✗[/red]"}


def states_table(result: RunResult) -> "Table":
    """Return the states of a run as a table with the seconds of each."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    now = datetime.now(UTC)
    table = Table(box=SIMPLE_HEAD)
    for name, justify in (("", "left"), ("state", "left"), ("seconds", "right"), ("note", "left")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for view in result.states:
        note = f"{view.retries} failed attempt(s): {view.error}" if view.retries and view.error else ""
        table.add_row(_MARKS[view.status], view.name, f"{view.seconds(now):.1f}", note)
    return table


class LiveView:
    """Follows a run while it is watched."""

    def __init__(self, ui: Ui) -> None:
        self._ui = ui
        self._live: Any = None
        self._told: set[tuple[str, str]] = set()

    def __enter__(self) -> "LiveView":
        if self._ui.err.is_terminal and not (self._ui.quiet or self._ui.json_mode):
            from rich.live import Live

            self._live = Live(console=self._ui.err, refresh_per_second=4)
            self._live.start()
        return self

    def update(self, result: RunResult) -> None:
        if self._live is not None:
            self._live.update(states_table(result))
            return
        now = datetime.now(UTC)
        for view in result.states:
            if view.status != "running" and (view.name, view.status) not in self._told:
                self._told.add((view.name, view.status))
                self._ui.say(f"  {_MARKS[view.status]} {view.name:<14} {view.seconds(now):6.1f} s")

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
