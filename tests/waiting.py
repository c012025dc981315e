"""Waiting for what another thread or process does, on a machine of any pace."""

import time
from collections.abc import Callable
from typing import Any

PATIENCE_SECONDS = 120
"""Long enough for a machine many times slower than ours: only a test that fails waits so long."""


def until(look: Callable[[], Any], pause: float = 0.05) -> Any:
    """What `look` finds, as soon as it is true. Raises AssertionError when that does not happen."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, f"It did not happen in {PATIENCE_SECONDS} s."
        time.sleep(pause)
    return found
