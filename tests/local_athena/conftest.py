from pathlib import Path

import pytest

from tests.local_athena.fakes import Athena


@pytest.fixture(scope="module")
def athena(tmp_path_factory: pytest.TempPathFactory) -> Athena:
    return Athena(tmp_path_factory.mktemp("athena"))


@pytest.fixture
def fresh(tmp_path: Path) -> Athena:
    return Athena(tmp_path)
