"""Import of a user's own files: refused as a whole, or bad rows set aside with file, line and reason."""

import csv
import gzip
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage_cli.datagen import shapes
from engage_cli.datagen.generate import generate
from engage_cli.datagen.import_report import ImportReport
from engage_cli.datagen.importer import import_files
from engage_cli.datagen.spec import GenerationSpec
from engage_cli.errors import UserError
from tests.directory_sink import DirectorySink

TODAY = date(2026, 11, 23)
CUSTOMERS = (
    "customer_id,signup_date,plan,age\nA,2026-01-05,free,30\nB,2026-02-05,basic,\nC,2026-03-01,free,41\n"
)
ACTIVITY = "customer_id,week,active_days,spend\nA,2026-11-09,3,1.5\nB,2026-11-09,1,0\nA,2026-11-16,7,\n"


class Desk:
    """A folder with files and a sink; imports with a generous limit unless told otherwise."""

    def __init__(self, root: Path) -> None:
        self.root, self.out, self.rejects = root, root / "out", root / "rejects.csv"

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(
        self, customers: str | Path | None = CUSTOMERS, activity: str | Path | None = ACTIVITY, **options: Any
    ) -> ImportReport:
        one = self.write("c.csv", customers) if isinstance(customers, str) else customers
        two = self.write("a.csv", activity) if isinstance(activity, str) else activity
        settings_: dict[str, Any] = {"max_bad_fraction": 0.9, **options}
        sink = DirectorySink(self.out)
        return import_files(one, two, sink, rejects_path=self.rejects, today=TODAY, **settings_)

    def reasons(self) -> list[tuple[str, int, str]]:
        with self.rejects.open() as stream:
            return [(Path(r["file"]).name, int(r["line"]), r["reason"]) for r in csv.DictReader(stream)]

    def put_files(self) -> list[str]:
        return sorted(str(p.relative_to(self.out)) for p in self.out.rglob("*") if p.is_file())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_good_files_land_in_the_raw_layout_with_all_columns(desk: Desk) -> None:
    report = desk.run()
    assert desk.put_files() == [
        "activity/week=2026-11-09/part-00000.parquet",
        "activity/week=2026-11-16/part-00000.parquet",
        "customers/part-00000.parquet",
    ]
    rows = pq.ParquetFile(desk.out / "activity/week=2026-11-16/part-00000.parquet").read().to_pylist()
    assert rows == [
        {
            "customer_id": "A",
            "active_days": 7,
            "sessions": 0,
            "minutes": 0.0,
            "posts": 0,
            "likes": 0,
            "messages": 0,
            "purchases": 0,
            "spend": 0.0,
            "support_tickets": 0,
        }
    ]
    assert report.customers is not None
    assert report.customers.rows_kept == 3
    assert "country" in report.customers.filled_columns
    assert report.weeks == (date(2026, 11, 9), date(2026, 11, 16))
    assert report.rejects is None
    assert not desk.rejects.exists()


@pytest.mark.parametrize("fmt", ["parquet", "csv"])
def test_generated_data_comes_back_unchanged(desk: Desk, fmt: Any) -> None:
    raw = desk.root / "raw"
    generate(GenerationSpec(300, TODAY, weeks=3, format=fmt), DirectorySink(raw))
    report = desk.run(raw / "customers", raw / "activity", max_bad_fraction=0)
    assert report.customers is not None
    assert report.activity is not None
    assert report.customers.rows_set_aside == report.activity.rows_set_aside == 0
    if fmt == "parquet":
        for name in desk.put_files():
            ours, theirs = (pq.ParquetFile(d / name).read() for d in (raw, desk.out))
            assert [(f.name, f.type) for f in theirs.schema] == [(f.name, f.type) for f in ours.schema]
            order = [("customer_id", "ascending")]
            assert theirs.sort_by(order).to_pylist() == ours.sort_by(order).to_pylist()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A,2026-11-10,3,0", "week is not a Monday: 2026-11-10"),
        ("A,2026-11-30,3,0", "week is in the future: 2026-11-30"),
        ("A,soon,3,0", "week is not a date (YYYY-MM-DD): soon"),
        ("A,,3,0", "week is empty"),
        (",2026-11-02,3,0", "customer_id is empty"),
        ("A,2026-11-02,8,0", "active_days is above 7: 8"),
        ("A,2026-11-02,-1,0", "active_days is negative: -1"),
        ("A,2026-11-02,2.5,0", "active_days is not a whole number: 2.5"),
        ("A,2026-11-02,,0", "active_days is empty"),
        ("A,2026-11-02,3,-0.5", "spend is negative: -0.5"),
        ("A,2026-11-02,3,nan", "spend is not a number: nan"),
        ("Z,2026-11-02,3,0", "the customer is unknown: Z"),
        ("A,2026-11-09,2,0", "the customer has a row for this week already: A"),
        ("A,2026-11-02", "the line has too few columns"),
        ("A,2026-11-02,3,0,5", "the line has too many columns"),
    ],
)
def test_a_bad_activity_row_is_set_aside_with_its_line_and_reason(desk: Desk, row: str, reason: str) -> None:
    report = desk.run(activity=ACTIVITY + row + "\nC,2026-11-09,2,0\n")
    assert desk.reasons() == [("a.csv", 5, reason)]
    assert report.activity is not None
    assert (report.activity.rows_read, report.activity.rows_kept) == (5, 4)
    assert sum(report.activity.reasons.values()) == 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A,2026-01-01,free,3", "customer_id is a duplicate: A"),
        ("D,2027-01-01,free,3", "signup_date is in the future: 2027-01-01"),
        ("D,,free,3", "signup_date is empty"),
        ("D,2026-01-01,free,-3", "age is negative: -3"),
        ("D,2026-01-01,free,x", "age is not a whole number: x"),
    ],
)
def test_a_bad_customer_row_is_set_aside_with_its_line_and_reason(desk: Desk, row: str, reason: str) -> None:
    desk.run(customers=CUSTOMERS + row + "\n")
    assert desk.reasons() == [("c.csv", 5, reason)]


def test_the_first_of_duplicate_customers_is_kept(desk: Desk) -> None:
    desk.run(customers=CUSTOMERS + "A,2020-01-01,premium,99\n", activity=None)
    rows = pq.ParquetFile(desk.out / "customers/part-00000.parquet").read().to_pylist()
    assert [row["age"] for row in rows if row["customer_id"] == "A"] == [30]


def test_lines_after_broken_lines_keep_their_numbers(desk: Desk) -> None:
    broken = (
        "customer_id,week,active_days,spend\nA\nA,2026-11-09,1,0\nB,1\nB,2026-11-09,9,0\nC,2026-11-09,1,0\n"
    )
    desk.run(activity=broken)
    assert [line for _, line, _ in desk.reasons()] == [2, 4, 5]


def test_activity_of_a_customer_who_was_set_aside_is_set_aside_too(desk: Desk) -> None:
    desk.run(customers=CUSTOMERS.replace("2026-01-05", "2027-01-05"))
    assert [reason for *_, reason in desk.reasons()] == [
        "signup_date is in the future: 2027-01-05",
        "the customer is unknown: A",
        "the customer is unknown: A",
    ]


def test_activity_alone_is_checked_against_the_known_customers(desk: Desk) -> None:
    report = desk.run(customers=None, known_customers=["A"])
    assert report.customers is None
    assert [reason for *_, reason in desk.reasons()] == ["the customer is unknown: B"]
    assert not report.notes


def test_activity_alone_without_known_customers_says_what_was_not_checked(desk: Desk) -> None:
    assert "not checked" in desk.run(customers=None).notes[0]


def test_names_and_emails_never_reach_the_rejects(desk: Desk) -> None:
    text = "customer_id,name,email,signup_date\nA,Ann Secret,ann@example.com,never\nB,Bo,,2026-01-01\n"
    desk.run(customers=text, activity=None)
    assert "Secret" not in desk.rejects.read_text()
    assert "example.com" not in desk.rejects.read_text()


def test_too_many_bad_rows_refuse_the_import_with_examples_and_put_nothing(desk: Desk) -> None:
    bad = ACTIVITY + "A,2026-11-03,1,0\n"
    with pytest.raises(
        UserError, match=r"1 of 4 activity rows \(25\.0%\).*a\.csv:5 week is not a Monday"
    ) as no:
        desk.run(activity=bad, max_bad_fraction=0.05)
    assert "rejects.csv" in str(no.value.hint)
    assert desk.put_files() == []
    assert len(desk.reasons()) == 1


def refusal(desk: Desk, **options: Any) -> UserError:
    with pytest.raises(UserError) as refused:
        desk.run(**options)
    assert desk.put_files() == [], "something was put although the import was refused"
    assert refused.value.hint
    return refused.value


def test_a_missing_file_is_named(desk: Desk) -> None:
    assert "gone.csv does not exist" in refusal(desk, customers=desk.root / "gone.csv").message


def test_a_missing_column_is_named_with_its_file(desk: Desk) -> None:
    error = refusal(desk, customers="customer_id,joined\nA,2026-01-01\n")
    assert "c.csv has no column 'signup_date'" in error.message
    assert "joined" in error.message


def test_a_column_of_the_wrong_type_is_refused_as_a_column(desk: Desk) -> None:
    error = refusal(
        desk, customers="customer_id,signup_date\nA,05/01/2026\nB,06/01/2026\n", max_bad_fraction=1.0
    )
    assert "No value of the column 'signup_date'" in error.message
    assert "05/01/2026" in error.message


def test_a_parquet_column_of_the_wrong_type_is_refused_as_a_column(desk: Desk) -> None:
    path = desk.root / "c.parquet"
    pq.write_table(pa.table({"customer_id": ["A"], "signup_date": [date(2026, 1, 1)], "age": ["old"]}), path)
    assert "'age'" in refusal(desk, customers=path).message
    pq.write_table(pa.table({"customer_id": ["A"], "signup_date": [[1]]}), path)
    assert "nested" in refusal(desk, customers=path).message


@pytest.mark.parametrize("content", ["", "customer_id,signup_date\n"])
def test_an_empty_file_is_refused(desk: Desk, content: str) -> None:
    message = refusal(desk, customers=content).message
    assert "c.csv" in message
    assert "empty" in message or "no rows" in message


@pytest.mark.parametrize("name", ["c.parquet", "c.csv", "c.csv.gz", "c.xlsx"])
def test_an_unreadable_file_is_named(desk: Desk, name: str) -> None:
    path = desk.write(name, b"\xff\xfe\x00 nothing to see \x9d")
    assert name in refusal(desk, customers=path).message


def test_mixed_formats_are_refused(desk: Desk) -> None:
    desk.write("mix/one.csv", ACTIVITY)
    pq.write_table(pa.table({"customer_id": ["A"]}), desk.root / "mix/two.parquet")
    assert "mix CSV and Parquet" in refusal(desk, activity=desk.root / "mix").message


def test_nothing_to_import_is_refused(desk: Desk) -> None:
    assert "nothing to import" in refusal(desk, customers=None, activity=None).message


def test_a_column_that_occurs_twice_is_refused(desk: Desk) -> None:
    assert "twice" in refusal(desk, customers="customer_id,signup_date,Signup_Date\nA,2026-01-01,x\n").message


def test_hive_folders_give_the_week(desk: Desk) -> None:
    desk.write("act/week=2026-11-09/x.csv", "customer_id,active_days\nA,2\n")
    desk.write("act/week=2026-11-16/x.csv", "customer_id,active_days\nA,3\n")
    desk.write("act/_SUCCESS", "")
    assert desk.run(activity=desk.root / "act").weeks == (date(2026, 11, 9), date(2026, 11, 16))
    desk.write("bad/week=2026-11-10/x.csv", "customer_id,active_days\nA,2\n")
    with pytest.raises(UserError, match="names no Monday"):
        desk.run(activity=desk.root / "bad")


def test_spreadsheet_csv_is_understood(desk: Desk) -> None:
    text = (
        '\ufeffCustomer_ID;Signup_Date;AGE;notes\r\n"A";2026-01-05;30.0;"x;y"\r\nB;2026-02-01 00:00:00;;\r\n'
    )
    report = desk.run(customers=text, activity=None)
    assert report.customers is not None
    assert report.customers.ignored_columns == ("notes",)
    assert report.customers.rows_set_aside == 0


def test_gzip_csv_and_file_lists_are_read(desk: Desk) -> None:
    one = desk.write("one.csv.gz", gzip.compress(ACTIVITY.encode()))
    two = desk.write("two.csv.gz", gzip.compress(b"customer_id,week,active_days\nC,2026-11-02,1\n"))
    report = import_files(
        desk.write("c.csv", CUSTOMERS),
        [one, two],
        DirectorySink(desk.out),
        rejects_path=desk.rejects,
        today=TODAY,
    )
    assert report.activity is not None
    assert report.activity.rows_kept == 4


cell = st.one_of(
    st.integers(-3, 12).map(str), st.sampled_from(["", "x", "2.5", "1e1", "3.0", " 4 ", "nan", "99999999999"])
)
weeks = st.one_of(
    st.integers(-20, 10).map(lambda d: (TODAY + timedelta(days=d)).isoformat()),
    st.sampled_from(["", "2026-13-01", "yesterday"]),
)
row_strategy = st.tuples(st.sampled_from(["A", "B", "Z", ""]), weeks, cell, cell)


def expected_good(rows: list[tuple[str, str, str, str]]) -> list[tuple[str, str, int, float]]:
    """The rules of docs/data.md in plain Python."""
    good: dict[tuple[str, str], tuple[str, str, int, float]] = {}
    for customer, week, days_text, spend_text in rows:
        try:
            day = date.fromisoformat(week)
            days = float(days_text)
            spend = float(spend_text) if spend_text.strip() else 0.0
        except ValueError:
            continue
        if days != days or spend != spend or days != int(days):
            continue
        fine = (
            customer in ("A", "B") and day.weekday() == 0 and day <= TODAY and 0 <= days <= 7 and spend >= 0
        )
        if fine:
            good.setdefault((customer, week), (customer, week, int(days), spend))
    return sorted(good.values())


@settings(max_examples=30, deadline=None)
@given(st.lists(row_strategy, min_size=1, max_size=12))
def test_exactly_the_rows_that_keep_the_rules_are_imported(rows: list[tuple[str, str, str, str]]) -> None:
    sentinel = ("A", "2026-01-05", "1", "1")  # keeps every column readable and one row good
    everything = [*rows, sentinel]
    text = "customer_id,week,active_days,spend\n" + "".join(",".join(row) + "\n" for row in everything)
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        report = desk.run(activity=text, max_bad_fraction=1.0)
        found = []
        for week in report.weeks:
            table = pq.ParquetFile(desk.out / f"activity/week={week}/part-00000.parquet").read()
            found += [(r["customer_id"], str(week), r["active_days"], r["spend"]) for r in table.to_pylist()]
        assert sorted(found) == expected_good(everything)
        assert report.activity is not None
        assert report.activity.rows_read == len(everything)
        assert report.activity.rows_set_aside == (len(desk.reasons()) if report.rejects else 0)


def test_the_documented_columns_are_those_of_the_shapes() -> None:
    text = (Path(__file__).parents[2] / "docs/data.md").read_text()
    for shape in (shapes.CUSTOMERS, shapes.ACTIVITY):
        section = text.split(f"### {shape.name}\n")[1].split("\n#")[0]
        rows = [
            [cell.strip() for cell in line.split("|")] for line in section.splitlines() if line[:3] == "| `"
        ]
        documented = [(row[1].strip("`"), row[2], row[3] == "yes") for row in rows]
        assert documented == [(c.name, c.type, c.required) for c in shape.columns]
