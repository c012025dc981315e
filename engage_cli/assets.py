"""Where the files that are deployed live: templates, handlers and containers.

In a checkout they are the top-level folders; in an installed wheel they are package data.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def asset_root() -> Path:
    """Return the folder that holds `infra/`, `handlers/` and `containers/`."""
    packaged = _PACKAGE / "_assets"
    return packaged if packaged.is_dir() else _PACKAGE.parent


def templates_dir() -> Path:
    """Return the folder of the CloudFormation templates and state machine definitions."""
    return asset_root() / "infra" / "cloudformation"
