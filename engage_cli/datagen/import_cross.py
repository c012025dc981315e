"""Checks between rows and tables: duplicates, unknown customers, customers that would vanish, weeks that
are not over, and weeks without any event.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from itertools import pairwise

from engage_cli.datagen.import_load import Loaded, forget_broken_lines, register_ids, reject
from engage_cli.datagen.import_rejects import place_of
from engage_cli.datagen.import_rows import relation, row_number
from engage_cli.datagen.shapes import Shape
from engage_cli.errors import UserError
from engage_cli.sql_text import quoted

LONGEST_GAP_WEEKS = 4
"""So many weeks in a row without any event are a pause; more are taken for a hole in the export."""
_WEEKS_COMPARED = 8
_STRAY_SHARE = 0.01
"""So few of the rows far from all others are mistyped."""


def set_aside_duplicates(loaded: Loaded, shape: Shape, *, bad: bool = True) -> None:
    """Keep the first row of each customer (or customer and week), in file and line order; the others are bad,
    or left out.
    """
    if shape.has_events:
        return  # two equal lines of a receipt are two events
    by_week = shape.name == "activity"
    columns = "customer_id, week" if by_week else "customer_id"
    kind = (
        "the customer has a row for this week already"
        if by_week
        else f"{shape.column('customer_id').said} is a duplicate"
    )
    good = f"SELECT * FROM {shape.name} r WHERE {loaded.good(shape.name, 'r')}"
    # Only repeated keys are sorted: clean data costs one aggregation.
    rows = (
        f"(WITH good AS ({good}), "
        f"repeated AS (SELECT {columns} FROM good GROUP BY ALL HAVING count(*) > 1) "
        f"SELECT *, row_number() OVER (PARTITION BY {columns} ORDER BY _file, _row) AS _nth "
        f"FROM good SEMI JOIN repeated USING ({columns})) WHERE _nth > 1"
    )
    reject(loaded.db, shape.name, kind, rows, detail="customer_id", bad=bad)


def leave_out_copies(loaded: Loaded, shape: Shape) -> None:
    """Leave out rows that equal an earlier one in every column of their files."""
    parts = [
        f"SELECT {number} AS _file, {row_number(source)} AS _row, hash({columns}) AS _all "
        f"FROM {relation(source)}"
        for number, source in enumerate(loaded.sources[shape])
        for columns in [", ".join(quoted(name) for name in sorted(source.header))]
    ]
    nth = "row_number() OVER (PARTITION BY _all ORDER BY _file, _row) AS _nth"
    rows = (
        f"(SELECT *, {nth} FROM ({' UNION ALL '.join(parts)})) w "
        f"WHERE _nth > 1 AND {loaded.good(shape.name, 'w')}"
    )
    reject(loaded.db, shape.name, "the row is a copy of another", rows, bad=False)
    forget_broken_lines(loaded.db)


def set_aside_unknown(loaded: Loaded, known: Iterable[str] | None, *, bad: bool = True) -> list[str]:
    """Set aside, or leave out, activity of customers who are neither in the file nor `known`; notes for the
    report.
    """
    if loaded.shape("customers"):
        ids = f"SELECT customer_id FROM customers c WHERE {loaded.good('customers', 'c')}"
    elif known is not None:
        register_ids(loaded.db, "known", known)
        ids = "SELECT customer_id FROM known"
    else:
        return ["Without customers it was not checked that the activity is of known customers."]
    rows = f"activity a WHERE {loaded.good('activity', 'a')} AND customer_id NOT IN ({ids})"
    reject(loaded.db, "activity", "the customer is unknown", rows, detail="customer_id", bad=bad)
    return []


def refuse_vanishing(loaded: Loaded, existing: Iterable[str]) -> None:
    """Raise UserError when the file lacks customers that are there now: their history would be orphaned."""
    shape = loaded.shape("customers")
    if shape is None:
        return
    register_ids(loaded.db, "existing_ids", existing)
    there = loaded.count("SELECT count(*) FROM existing_ids")
    gone = loaded.count(
        "SELECT count(*) FROM existing_ids e WHERE NOT EXISTS "
        "(SELECT 1 FROM customers c WHERE c.customer_id = e.customer_id)"
    )
    if gone:
        given = ", ".join(str(source.path) for source in loaded.sources[shape])
        raise UserError(
            f"{gone:,} of the {there:,} customers in the raw bucket are not in {given}.",
            hint="Give a file of all customers, or add --replace to start anew with this data.",
        )


def leave_out_unfinished_week(loaded: Loaded) -> list[str]:
    """Leave out the last week of events when it plainly is not over; a note says so.

    It is not when most of the weeks before it have events on a later day of the week than its last one.
    """
    good = f"FROM activity a WHERE {loaded.good('activity', 'a')}"
    rows = loaded.db.execute(
        f"SELECT date_trunc('week', event_time) AS week, max(isodow(event_time)) {good} "
        "GROUP BY 1 ORDER BY 1 DESC LIMIT ?",
        [_WEEKS_COMPARED + 1],
    ).fetchall()
    if len(rows) < 2:
        return []
    (last, day), before = rows[0], rows[1:]
    if 2 * sum(usual > day for _, usual in before) <= len(before):
        return []
    week = _day(last)
    of_week = f"activity a WHERE {loaded.good('activity', 'a')} AND event_time >= TIMESTAMP '{week}'"
    count = loaded.count(f"SELECT count(*) FROM {of_week}")
    reject(loaded.db, "activity", "the week is not over", of_week, bad=False)
    return [
        f"The week of {week} ends with {week + timedelta(days=day - 1):%A} and seems unfinished: "
        f"its {count:,} events are left out."
    ]


def weeks_without_activity(
    loaded: Loaded, weeks: list[date], there: Callable[[date], int] | None = None
) -> tuple[list[date], list[str]]:
    """The weeks between the first and the last that are missing, and the note about them. A week that is in
    the bucket (`there`, rows by week) is not missing, and stays as it is.

    UserError: more than `LONGEST_GAP_WEEKS` in a row are missing.
    """
    missing: list[date] = []
    for before, after in pairwise(weeks):
        between = [before + timedelta(weeks=n) for n in range(1, (after - before).days // 7)]
        lacking = [week for week in between if there is None or not there(week)]
        gap = len(lacking)
        if gap > LONGEST_GAP_WEEKS:
            _refuse_stray_rows(loaded, before, after, gap)
            raise UserError(
                f"There is no activity in the {gap} weeks from {lacking[0]} to {after}: "
                "everybody would seem to have left.",
                hint="Add the missing part of the export, or give only the files after the hole.",
            )
        missing += lacking
    if not missing:
        return [], []
    named = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
    many = f"{len(missing)} weeks have" if len(missing) > 1 else "1 week has"
    return missing, [f"{many} no activity at all, as if nobody had been there: {named}."]


def _refuse_stray_rows(loaded: Loaded, before: date, after: date, gap: int) -> None:
    """Raise UserError about a few rows on one side of a hole: it is they that are wrong."""
    sides = [("before", f"week <= DATE '{before}'"), ("after", f"week >= DATE '{after}'")]
    counted = [(loaded.count(f"SELECT count(*) FROM good_activity WHERE {w}"), s, w) for s, w in sides]
    few, side, where = min(counted)
    everything = sum(count for count, _, _ in counted)
    if few > _STRAY_SHARE * everything:
        return
    shape = loaded.shape("activity")
    assert shape is not None
    time = "CAST(event_time AS DATE)" if shape.has_events else "week"
    rows = loaded.db.execute(
        f"SELECT _file, _row, {time} FROM good_activity WHERE {where} ORDER BY _file, _row LIMIT 3"
    ).fetchall()
    first = "; ".join(f"{place_of(loaded, shape, file, row)} {day}" for file, row, day in rows)
    column = shape.column("event_time" if shape.has_events else "week").said
    raise UserError(
        f"{few:,} of {everything:,} rows lie more than {gap} weeks {side} all others by {column}: {first}.",
        hint=f"Correct {column} in these rows, or remove them.",
    )


def refuse_losing_events(loaded: Loaded, weeks: list[date], there: Callable[[date], int]) -> None:
    """Raise UserError when the first week has fewer events than in the raw bucket: it would lose some.

    The first week of an export often begins in the middle of it, and an import replaces whole weeks.
    `there` says how many events a week has in the bucket.
    """
    if not weeks:
        return
    first, before = weeks[0], there(weeks[0])
    now = loaded.count(f"SELECT count(*) FROM good_activity WHERE week = DATE '{first}'")
    if now >= before:
        return
    bad = loaded.count("SELECT count(*) FROM rejects WHERE bad AND shape = 'activity'")
    aside, hint = "", "Give files that begin with a whole week"
    if bad >= before - now:
        aside = f" ({bad:,} bad rows were set aside, perhaps of this week)"
        hint = "Correct the rows in the list of rejects, give files that begin with a whole week"
    raise UserError(
        f"The week of {first} has {before:,} events in the raw bucket and {now:,} in the files{aside}, which "
        "would replace them.",
        hint=f"{hint}, or add --replace to start anew with them.",
    )


def _day(value: date) -> date:
    return value.date() if hasattr(value, "date") else value
