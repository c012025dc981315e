"""The console: stdout is data, stderr is story; `--json` turns the data into one JSON document."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

PIPE_WIDTH = 120


class Ui:
    """Two consoles and the choice between people and programs as readers.

    `json_mode`: data is printed as JSON and the story is silent unless it is a warning. `rewrite` is applied
    to what is told to people: hints repeat the options that the command was given.
    """

    def __init__(
        self, *, json_mode: bool = False, quiet: bool = False, rewrite: Callable[[str], str] = str
    ) -> None:
        from rich.console import Console

        self._rewrite = rewrite

        self.json_mode = json_mode
        self.quiet = quiet
        # A file or a pipe has no width: tables get a wide page there instead of rich's 80 columns.
        width = None if sys.stdout.isatty() else PIPE_WIDTH
        self.out = Console(file=sys.stdout, soft_wrap=True, highlight=False, width=width)
        # A hint is one line there, so that it can be copied or searched for.
        self.err = Console(file=sys.stderr, highlight=False, soft_wrap=not sys.stderr.isatty())

    def say(self, text: str) -> None:
        """Tell the story: one line on stderr."""
        if not (self.quiet or self.json_mode):
            self.err.print(self._rewrite(text))

    def warn(self, text: str) -> None:
        self.err.print(f"[yellow]{self._rewrite(text)}[/yellow]")

    def command(self, line: str) -> None:
        """Show a command that is about to run, so that the user learns it."""
        self.err.print(f"\n[bold cyan]$ {line}[/bold cyan]")

    def json(self, data: Any) -> None:
        """Print data as one JSON document on stdout."""
        sys.stdout.write(json.dumps(data, indent=2, default=str) + "\n")

    def print(self, renderable: Any, *, markup: bool = True) -> None:
        """Print data for people on stdout; `markup=False` for text that is not ours."""
        text = self._rewrite(renderable) if isinstance(renderable, str) else renderable
        self.out.print(text, markup=markup)

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Print a table; a column whose name starts with `>` is aligned to the right."""
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        table = Table(title=title or None, box=SIMPLE_HEAD, title_justify="left", title_style="bold")
        for column in columns:
            table.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left")
        for row in rows:
            table.add_row(*("" if cell is None else str(cell) for cell in row))
        self.out.print(table)

    def confirm(self, question: str) -> bool:
        """Ask a yes/no question; no terminal means no."""
        if not sys.stdin.isatty():
            return False
        self.err.print(f"{question} [y/N] ", end="")
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    @contextmanager
    def progress(self, description: str, total: float | None = None) -> Iterator["Progress"]:
        """Show progress of something that takes time: a bar on a terminal, one line elsewhere."""
        progress = Progress(self, description, total)
        with progress:
            yield progress


class Progress:
    """A progress bar on a terminal; elsewhere a first line at once and a last line with the time."""

    def __init__(self, ui: Ui, description: str, total: float | None) -> None:
        self._ui = ui
        self._description = description
        self._total = total
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "Progress":
        if self._ui.json_mode or self._ui.quiet:
            return self
        if self._ui.err.is_terminal:
            from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TimeElapsedColumn(),
                console=self._ui.err,
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(self._description, total=self._total)
        else:
            self._ui.say(f"{self._description} ...")
        return self

    def advance(self, amount: float = 1) -> None:
        if self._bar is not None:
            self._bar.advance(self._task, amount)

    def update(self, *, completed: float, total: float | None = None) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=completed, total=total or self._total)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
