"""Where a run keeps its things: prefixes in the lake bucket and temporary tables, by run id."""

import re

from common.errors import InputError

RUN_ID = re.compile(r"^run-[a-z0-9][a-z0-9-]{0,75}$")


def run_id_of(execution_name: object) -> str:
    """The run id of an execution: its name when that is one, else made from it (a schedule's are UUIDs).

    Every run id begins with `run-` and has only lower-case letters, digits and '-': the roles allow
    tables called `*_run_*`, and ids become parts of keys and table names. Raises InputError when
    nothing usable is left.
    """
    text = re.sub(r"[^a-z0-9]+", "-", str(execution_name or "").lower()).strip("-")
    run_id = (text if text.startswith("run-") else f"run-{text}")[:79].rstrip("-")
    if not RUN_ID.match(run_id):
        raise InputError(
            f"The run id {execution_name!r} is not usable.", hint="start the run with `engage run-pipeline`"
        )
    return run_id


def rid(run_id: str) -> str:
    """The run id as part of a table name: '-' replaced by '_'."""
    return run_id.replace("-", "_").lower()


def model_version(run_id: str) -> str:
    """The version of the models that run `run_id` trains."""
    return "m-" + run_id.removeprefix("run-")


def outcomes_table(run_id: str) -> str:
    """The table that the monitor makes, after publishing, and drops again."""
    return f"outcomes_{rid(run_id)}"


def temporary_tables(run_id: str) -> list[str]:
    """Every table that a run makes for itself in the lake database until it has published."""
    kinds = ("customers", "activity", "customers_bad", "activity_bad", "features_train", "features_score")
    return [f"{kind}_{rid(run_id)}" for kind in (*kinds, "predictions_check", "qa_sample", "segments")]


def run_key(run_id: str, name: str) -> str:
    """A document of the run, e.g. run.json, spec.json, evaluation.json."""
    return f"runs/{run_id}/{name}"


def processed_prefix(run_id: str) -> str:
    return f"processed/run={run_id}/"


def quarantine_prefix(run_id: str) -> str:
    return f"quarantine/run={run_id}/"


def features_prefix(run_id: str) -> str:
    return f"features/run={run_id}/"


def online_prefix(run_id: str) -> str:
    return f"online/run={run_id}/"


def predictions_prefix(as_of: str, run_id: str) -> str:
    return f"predictions/as_of={as_of}/run={run_id}/"


def qa_prefix(as_of: str, run_id: str) -> str:
    return f"qa_sample/as_of={as_of}/run={run_id}/"


def segments_prefix(as_of: str, run_id: str) -> str:
    return f"segments/as_of={as_of}/run={run_id}/"


CURRENT_KEY = "online/current.json"
