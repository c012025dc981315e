"""Files that commands write for a user."""

import shlex
from pathlib import Path

from engage_cli.errors import UserError


def require_folder(output: Path, option: str = "--output") -> None:
    """Raise UserError when the folder of a file is not there: a mistyped path makes no folders."""
    if not output.parent.is_dir():
        raise UserError(
            f"{option}: the folder {output.parent} is not there.",
            hint=f"Make it (mkdir -p {shlex.quote(str(output.parent))}), or name another file with {option}.",
        )
