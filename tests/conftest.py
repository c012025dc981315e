"""How tests are shared out to the workers of pytest-xdist (`pytest -n 2 --dist loadgroup`), and
how hypothesis chooses its examples.
"""

import os
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("gate", derandomize=True)
settings.register_profile("explore", print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))
# The gate says the same of the same sources; `make explore` looks for examples that nobody has seen.

MAIN_JOB = "test_main_job"
"""Files whose names begin so share one deployed environment, so one worker runs all of them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of the main job first: they take longest, and would be left to one worker at the end."""
    items.sort(key=lambda item: not item.path.name.startswith(MAIN_JOB))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep a file's tests together, and the files of the main job.

    The mark `xdist_group` would say the same, but pytest-xdist 3.8 ignores it with pytest 9.2
    (https://github.com/pytest-dev/pytest-xdist/issues/1386).
    """
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return MAIN_JOB if PurePosixPath(file).name.startswith(MAIN_JOB) else file

    return ByFile(config, log)
