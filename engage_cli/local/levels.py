"""How real an AWS operation or resource type is at the local endpoint: the terms of every declaration.

A module that implements operations declares them in `OPERATIONS` and `TYPES`; `services` gathers them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """REAL: has the effect that it has on AWS. RECORDED: kept, without effect. REFUSED: an error."""

    REAL = "real"
    RECORDED = "recorded only"
    REFUSED = "refused"


@dataclass(frozen=True)
class Declared:
    """A level, and in one line why it is no better, or what of it differs."""

    level: Level
    note: str = ""

    def __post_init__(self) -> None:
        if self.level is not Level.REAL and not self.note:
            raise ValueError(f"{self.level} needs a reason.")


REAL = Declared(Level.REAL)
Declarations = Mapping[str, Declared]


def real(*names: str, note: str = "") -> dict[str, Declared]:
    """Names that are real; `note` says what of them differs from AWS, if anything does."""
    return dict.fromkeys(names, Declared(Level.REAL, note))


def recorded(*names: str, why: str) -> dict[str, Declared]:
    """Names that are accepted without effect."""
    return dict.fromkeys(names, Declared(Level.RECORDED, why))


def refused(*names: str, why: str) -> dict[str, Declared]:
    """Names that are answered with an error."""
    return dict.fromkeys(names, Declared(Level.REFUSED, why))
