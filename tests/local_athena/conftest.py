import pytest

from tests.local_athena.fakes import Athena


@pytest.fixture(scope="session")
def athena(tmp_path_factory: pytest.TempPathFactory) -> Athena:
    return Athena(tmp_path_factory.mktemp("athena"))


@pytest.fixture
def fresh(athena: Athena) -> Athena:
    """Without tables and objects; the engine is the one of the session, which is slow to make."""
    athena.reset()
    return athena
