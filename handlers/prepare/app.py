"""Prepare: turn the execution's input into the run object, and refuse early what cannot work.

In: the execution's input with its name, ARN and start time. Out: the run object with `prepare`.
Only S3 listings are read, so a wrong input costs nothing.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from common import leftovers, names, runs, s3
from common.errors import DataError, InputError
from common.settings import Settings
from common.step import Run, step
from engage_ml import data_contract
from engage_ml.contract import ContractError
from engage_ml.tuning import Budget

WEEK = timedelta(days=7)
LOADING_KEY = "_loading.json"
"""The program puts it into the raw bucket before a load and removes it at the end."""
SYNTHETIC_KEY = "_synthetic.json"
"""Stands in the raw bucket while its data are generated ones."""
TRIGGERS = ("manual", "schedule")


def prepare(event: Run, settings: Settings, today: date | None = None) -> Run:
    """The run object of `event`; writes the run's status document.

    Raises InputError for a malformed `as_of`, `trigger`, `tune` or run id, and DataError when the raw bucket
    has no customers, no activity, or no complete week before the wanted `as_of`.
    """
    run_id = names.run_id_of(event.get("run_id"))
    wanted = parse_as_of(event.get("as_of"))
    trigger = event.get("trigger") or "manual"
    if trigger not in TRIGGERS:
        raise InputError(f"The trigger must be one of {', '.join(TRIGGERS)}, not {trigger!r}.")
    before = runs.read_status(settings.lake_bucket, run_id)
    if before and before["status"] == "finished":
        raise InputError(
            f"Run {run_id} has already finished.", hint="start another one with `engage run-pipeline`"
        )
    refuse_unfinished_load(settings.raw_bucket)
    contract = read_contract(settings.raw_bucket)
    weeks = find_weeks(settings.raw_bucket, today or datetime.now(UTC).date())
    as_of = choose_as_of(weeks, wanted)
    cleared = leftovers.clear(settings, run_id, as_of.isoformat(), keep_quarantine=False)
    used = [week for week in weeks if week < as_of]
    run: Run = {
        "run_id": run_id,
        "execution_arn": event.get("execution_arn"),
        "as_of": as_of.isoformat(),
        "trigger": trigger,
        "tune": parse_tune(event.get("tune")),
        "started_at": event.get("started_at") or runs.now(),
        # Carried along, so that every step of a run sees the same one whatever happens to the file.
        "contract": contract.to_dict(),
        "prepare": {
            "first_week": used[0].isoformat(),
            "last_week": used[-1].isoformat(),
            # Beyond `last_week` in a run as of an older week.
            "newest_week": weeks[-1].isoformat(),
            "weeks": len(used),
            "missing_weeks": missing_weeks(used),
            "cleared_objects": sum(cleared["objects"].values()),
            "cleared_tables": cleared["tables"],
            # Only generated data have a ceiling; one that lies there still is not of a user's own data.
            "synthetic": is_synthetic(settings.raw_bucket),
        },
    }
    runs.write_status(settings.lake_bucket, run, "started")
    return run


def parse_as_of(value: Any) -> date | None:
    """The as-of date of the input (None: choose it); raises InputError unless it is a Monday."""
    if value is None or value == "":
        return None
    try:
        as_of = date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InputError(
            f"The as-of date {value!r} is not a date.", hint="write it as YYYY-MM-DD, or leave it out"
        ) from None
    if as_of.weekday() != 0:
        monday = as_of - timedelta(days=as_of.weekday())
        raise InputError(
            f"The as-of date {as_of} is a {as_of:%A}; weeks begin on Mondays.", hint=f"use {monday}"
        )
    return as_of


def read_contract(bucket: str) -> data_contract.DataContract:
    """The contract beside the raw data, or that of the synthetic data; raises DataError for a broken one."""
    try:
        document = s3.get_json(bucket, data_contract.KEY)
        return data_contract.DEFAULT if document is None else data_contract.parse(document)
    except (ContractError, ValueError) as error:
        raise DataError(
            f"The data contract {data_contract.KEY} in the raw bucket cannot be used: {error}",
            hint="import the data again with `engage import-data --contract`",
        ) from error


def parse_tune(value: Any) -> str | None:
    """The tuning budget of the input (None: no tuning); raises InputError unless it is one like `10m`."""
    if value is None or value == "":
        return None
    try:
        Budget.parse(str(value))
    except ContractError as error:
        raise InputError(str(error), hint="or leave it out: models are then trained as before") from error
    return str(value)


def refuse_unfinished_load(bucket: str) -> None:
    """Raises DataError while files are loaded, or after an interrupted load: old and new would mix."""
    if s3.any_object(bucket, LOADING_KEY):
        raise DataError(
            f"A load of raw data into {bucket} is going on or was interrupted.",
            hint="wait for it, or load again with `engage import-data` or `engage generate-data --replace`; "
            "an interrupted `--advance` is completed by the same command",
        )


def is_synthetic(bucket: str) -> bool:
    """Whether the raw data are generated ones."""
    return s3.any_object(bucket, SYNTHETIC_KEY)


def find_weeks(bucket: str, today: date) -> list[date]:
    """The Mondays of the raw activity's folders, complete by `today`, in order.

    Folders that name no Monday are left to validation, which sets their rows aside. A week that has
    not ended yet is not data: it would make every customer look less active. One day of slack is
    for time zones ahead of UTC. Generated weeks are complete when they are there, wherever the calendar
    stands (`engage generate-data --advance`).
    """
    if not s3.any_object(bucket, "customers/"):
        raise DataError(
            f"The raw bucket {bucket} holds no customers.",
            hint="run `engage generate-data` or `engage import-data`",
        )
    folders = s3.folders(bucket, "activity/")
    ended = date.max if is_synthetic(bucket) else today + timedelta(days=1)
    weeks = sorted(week for week in map(_monday, folders) if week and week + WEEK <= ended)
    if not weeks:
        raise DataError(
            f"The raw bucket {bucket} holds no complete week of activity "
            f"({len(folders)} folders under activity/, none of them a past week=<Monday>).",
            hint="run `engage generate-data` or `engage import-data`",
        )
    return weeks


def choose_as_of(weeks: list[date], wanted: date | None) -> date:
    """`wanted`, or the Monday after the last week; raises DataError when the data does not reach it."""
    end = weeks[-1] + WEEK
    if wanted is None:
        return end
    if wanted > end:
        # Absent weeks would be read as inactivity: everybody would seem to have churned.
        raise DataError(
            f"The as-of date {wanted} needs activity of the week {wanted - WEEK}, "
            f"but the last week in the raw bucket is {weeks[-1]}.",
            hint=f"use --as-of {end} or earlier, or add the missing weeks",
        )
    if wanted <= weeks[0]:
        raise DataError(
            f"There is no activity before the as-of date {wanted}; the first week is {weeks[0]}.",
            hint=f"use --as-of {end} or leave it out",
        )
    return wanted


def missing_weeks(weeks: list[date]) -> list[str]:
    """The Mondays between the first and the last of `weeks` that are not among them."""
    present, week, missing = set(weeks), weeks[0], []
    while week < weeks[-1]:
        if week not in present:
            missing.append(week.isoformat())
        week += WEEK
    # The run object must stay small, and a run reads at most the 99 weeks nearest to the end.
    return missing[-99:]


def _monday(folder: str) -> date | None:
    try:
        week = date.fromisoformat(folder.removeprefix("week="))
    except ValueError:
        return None
    return week if week.weekday() == 0 else None


handler = step("prepare", prepare)
