"""What every pipeline step does around its work: log with the run id, keep the ledger, time itself."""

import time
from collections.abc import Callable
from typing import Any

from common import athena
from common.log import logger
from common.settings import Settings

Run = dict[str, Any]
Work = Callable[[Run, Settings], Run]


def step(name: str, work: Work) -> Callable[[Run, object], Run]:
    """The Lambda handler of the pipeline step `name`.

    `work` gets the run object and the settings and returns the run object extended by its own key.
    The ids of the Athena queries it ran are appended to `run["queries"]` (for metering).
    """

    def handler(event: Run, context: object) -> Run:
        log = logger(name)
        log.append_keys(run_id=event.get("run_id"))
        athena.LEDGER.clear()  # a warm container may still hold the ids of a failed attempt
        began = time.monotonic()
        log.info("step started")
        try:
            run = work(event, Settings())
        except Exception:
            log.exception("step failed", queries=list(athena.LEDGER))
            raise
        queries = [*run.get("queries", []), *athena.LEDGER]
        log.append_keys(run_id=run.get("run_id"))
        log.info("step finished", seconds=round(time.monotonic() - began, 3), queries=len(athena.LEDGER))
        return {**run, "queries": queries}

    return handler
