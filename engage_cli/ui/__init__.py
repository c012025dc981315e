"""What the user sees: data on stdout, the story on stderr."""

from engage_cli.ui.console import Ui

__all__ = ["Ui"]
