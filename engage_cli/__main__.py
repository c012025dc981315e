"""`python -m engage_cli` is `engage`."""

from engage_cli.cli.main import run

run()
