from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.ml_lake import Lake


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A trained and scored run, made once, for it takes seconds. Tests may score it; they change nothing."""
    from tests.unit.ml_lake import Lake

    return Lake(tmp_path_factory.mktemp("ml"))
