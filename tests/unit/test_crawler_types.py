"""Hive types of CSV, JSON and Parquet: what is read back as that type is the value that was written."""

import contextlib
import csv
import io
import json
import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engage_cli.local.crawler_formats import FileSchema, UnreadableFileError, read_schema
from engage_cli.local.crawler_layout import PatternError, StoredObject, discover, glob_pattern, visible
from engage_cli.local.crawler_types import json_type, settled, text_type, widen


def schema_of(data: bytes | str) -> FileSchema:
    body = data.encode() if isinstance(data, str) else data
    return read_schema(io.BytesIO(body), len(body))


READ = {"bigint": int, "double": float, "string": str, "boolean": lambda text: text.lower() == "true"}
integers = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)


@given(integers)
@example(2**63 - 1)
@example(-(2**63))
def test_what_fits_into_a_bigint_is_one(value: int) -> None:
    assert text_type(str(value)) == "bigint"


@given(st.integers(min_value=2**63) | st.integers(max_value=-(2**63) - 1))
@example(10**4000)
def test_a_number_too_long_for_a_bigint_keeps_its_digits_as_text(value: int) -> None:
    assert text_type(str(value)) == "string"


@given(floats)
def test_what_python_writes_for_a_float_is_a_double(value: float) -> None:
    assert text_type(repr(value)) == "double"
    assert float(repr(value)) == value


@given(st.text())
def test_any_field_can_be_read_as_its_type(text: str) -> None:
    READ[text_type(text)](text)


@pytest.mark.parametrize("text", ["nan", "inf", "1_000", "٣", "0x10", "1,5", "--1", "", "2026-01-01", "1e"])
def test_what_is_no_number_to_athena_is_text(text: str) -> None:
    assert text_type(text) == "string"


name = st.from_regex(r"[a-z_][a-z0-9_]{0,10}", fullmatch=True)
cell = st.one_of(
    integers.map(str),
    floats.map(repr),
    st.sampled_from(["true", "FALSE", ""]),
    st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=12),
)


@given(st.sampled_from([",", "|", "\t", ";"]), st.lists(name, min_size=2, max_size=5, unique=True), st.data())
def test_csv_columns_have_types_that_hold_all_their_values(
    delimiter: str, names: list[str], data: st.DataObject
) -> None:
    safe = cell.filter(
        lambda text: not set(text) & set(',|\t;\x01"') and not text.startswith(("{", "[", "PAR1"))
    )
    rows = data.draw(st.lists(st.tuples(*(safe for _ in names[1:])), min_size=1, max_size=6))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(["id", *(f"c_{column}" for column in names[1:])])
    # One column of numbers makes the header recognisable.
    writer.writerows([number, *row] for number, row in enumerate(rows))
    schema = schema_of(out.getvalue())
    assert (schema.classification, schema.delimiter, schema.header) == ("csv", delimiter, True)
    assert [column for column, _ in schema.columns] == ["id", *(f"c_{column}" for column in names[1:])]
    for index, (_, kind) in enumerate(schema.columns[1:]):
        for row in rows:
            if row[index].strip():
                READ[kind](row[index])


@given(st.lists(st.sampled_from(["a", "b c", 'say "x"', "1,5", "two\nlines", ""]), min_size=2, max_size=6))
def test_quotes_hold_delimiters_quotes_and_line_ends(values: list[str]) -> None:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(["id", "note"])
    writer.writerows(enumerate(values))
    schema = schema_of(out.getvalue())
    assert schema.columns[0] == ("id", "bigint")
    assert schema.columns[1][0] == "note"
    assert schema.quoted


def test_names_that_differ_in_case_alone_are_no_header() -> None:
    assert schema_of("ID,id\na,1\nb,2\n").columns == (("col0", "string"), ("col1", "string"))


def test_characters_that_only_python_calls_line_ends_do_not_split_a_row() -> None:
    assert schema_of("id,note\n1,a\u2028b\n2,c\x1ed\n").columns == (("id", "bigint"), ("note", "string"))


@pytest.mark.parametrize("data", ['[{"a": 1},\n{"a": 2}]\n', "[1,2,\n3,4]\n", '{"a:b": {"c,d": 1}}\n'])
def test_json_that_no_table_can_hold_is_refused(data: str) -> None:
    with pytest.raises(UnreadableFileError):
        schema_of(data)


values = st.recursive(
    st.none() | st.booleans() | integers | floats | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(name, inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(values, min_size=1, max_size=4))
def test_the_type_of_many_json_values_does_not_depend_on_their_order(many: list[Any]) -> None:
    def all_of(items: list[Any]) -> str:
        kind = ""
        for item in items:
            kind = widen(kind, json_type(item))
        return "".join(sorted(settled(kind)))

    assert all_of(many) == all_of(many[::-1])


@given(values, values)
def test_widening_twice_changes_nothing_more(one: Any, two: Any) -> None:
    kind = widen(json_type(one), json_type(two))
    assert widen(kind, json_type(two)) == kind
    assert widen(json_type(one), kind) == kind or "struct" in kind


def test_json_nesting_is_merged_field_by_field() -> None:
    lines = [
        {"a": {"x": 1, "y": None}, "l": [], "n": None},
        {"a": {"x": 2.5, "z": [{"k": 1}]}, "l": [1], "n": None},
        {"a": {"y": "s", "z": [{"k": 3_000_000_000, "m": True}]}, "l": [None, 2]},
    ]
    schema = schema_of("".join(json.dumps(line) + "\n" for line in lines))
    assert dict(schema.columns) == {
        "a": "struct<x:double,y:string,z:array<struct<k:bigint,m:boolean>>>",
        "l": "array<int>",
        "n": "string",
    }


@pytest.mark.parametrize(
    ("one", "two", "both"),
    [
        ("decimal(10,2)", "decimal(8,4)", "decimal(12,4)"),
        ("decimal(10,2)", "int", "decimal(12,2)"),
        ("decimal(38,0)", "decimal(38,10)", "string"),
        ("decimal(10,2)", "double", "double"),
        ("array<int>", "array<bigint>", "array<bigint>"),
        ("map<string,int>", "map<string,double>", "map<string,double>"),
        ("array<decimal(4,2)>", "array<decimal(6,1)>", "array<decimal(7,2)>"),
        ("struct<a:int>", "array<int>", "string"),
        ("date", "timestamp", "string"),
    ],
)
def test_types_of_two_files_are_merged_into_one_that_holds_both(one: str, two: str, both: str) -> None:
    assert widen(one, two) == widen(two, one) == both


PARQUET: list[tuple[Any, Any, str]] = [
    (pa.list_(pa.struct([("Id", pa.int32()), ("at", pa.timestamp("us", tz="UTC"))])),
     [{"Id": 1, "at": datetime(2026, 1, 1, tzinfo=UTC)}], "array<struct<id:int,at:timestamp>>"),
    (pa.map_(pa.string(), pa.list_(pa.decimal128(9, 3))), [("k", [Decimal("1.5")])],
     "map<string,array<decimal(9,3)>>"),
    (pa.struct([("a", pa.struct([("b", pa.date32())]))]), {"a": {"b": date(2026, 1, 1)}},
     "struct<a:struct<b:date>>"),
    (pa.decimal128(38, 10), Decimal("1.5"), "decimal(38,10)"),
    (pa.timestamp("ns"), 0, "timestamp"),
    (pa.timestamp("s"), 0, "timestamp"),
    (pa.time64("us"), time(1), "bigint"),
    (pa.time32("ms"), time(1), "int"),
    (pa.large_list(pa.large_string()), ["x"], "array<string>"),
    (pa.list_(pa.int8(), 2), [1, 2], "array<tinyint>"),
    (pa.binary(4), b"abcd", "binary"),
    (pa.dictionary(pa.int32(), pa.string()), "x", "string"),
    (pa.float32(), 1.5, "float"),
    (pa.uint8(), 200, "int"),
    (pa.uint32(), 1, "bigint"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "hive"), PARQUET, ids=[hive for _, _, hive in PARQUET])
def test_a_column_written_to_parquet_gets_its_hive_type(kind: Any, value: Any, hive: str) -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"C": pa.array([value, None], kind)}), out)
    assert schema_of(out.getvalue()).columns == (("c", hive),)


def test_a_decimal_too_long_for_hive_is_refused_by_name() -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"c": pa.array([Decimal(1)], pa.decimal256(50, 2))}), out)
    with pytest.raises(UnreadableFileError, match="38"):
        schema_of(out.getvalue())


@pytest.mark.parametrize(
    ("pattern", "path", "excluded"),
    [
        ("*.csv", "a.csv", True),
        ("*.csv", "x/a.csv", False),
        ("**.csv", "x/y/a.csv", True),
        ("tmp/**", "tmp/x/y", True),
        ("**/tmp/**", "a/tmp/b", True),
        ("?.csv", "/.csv", False),
        ("{a,b}.csv", "b.csv", True),
        ("{a,b}.csv", "c.csv", False),
        ("[a-c]x", "bx", True),
        ("[!a-c]x", "bx", False),
        ("a.c", "abc", False),
        (r"\*.csv", "*.csv", True),
        (r"\*.csv", "a.csv", False),
    ],
)
def test_exclude_patterns_are_globs_in_which_a_star_stays_in_its_folder(
    pattern: str, path: str, excluded: bool
) -> None:
    assert bool(glob_pattern(pattern).fullmatch(path)) is excluded


@given(st.text(alphabet="a/*?[]{},!\\.-", max_size=8))
def test_any_exclude_pattern_is_used_or_refused(pattern: str) -> None:
    with contextlib.suppress(PatternError):
        glob_pattern(pattern)


def test_a_pattern_that_is_none_is_named() -> None:
    with pytest.raises(PatternError, match=re.escape("'[b-a]'")):
        glob_pattern("[b-a]")


def test_every_object_is_in_one_table_or_named(tmp_path: Any) -> None:
    keys = ["t/a=1/x", "t/a=2/bad", "t/a=2/y", "t/z"]
    said: list[str] = []

    def read(item: StoredObject) -> FileSchema:
        if "bad" in item.key:
            raise UnreadableFileError("broken")
        return FileSchema("json", (("id", "int"),), 1.0)

    objects = visible([StoredObject(key, 1) for key in keys], "t/", [])
    (table,) = discover(objects, "t", read, said.append)
    held = {item.key for partition in table.partitions for item in partition.folder.objects}
    assert held == {"t/a=1/x", "t/a=2/y"}
    assert any("t/a=2/bad" in line for line in said)
    assert any("Skipped t:" in line for line in said)
