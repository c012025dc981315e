"""What a statement must be allowed to do, asked of a fake authoriser."""

from collections.abc import Callable, Mapping

import pytest

from engage_cli.local.athena.access import Access
from engage_cli.local.athena.errors import QueryError
from tests.local_athena.fakes import Athena

SCOPE = "us-east-1:000000000000"
GLUE = f"arn:aws:glue:{SCOPE}"
CTAS = "CREATE TABLE n WITH (external_location='s3://lake/n/') AS SELECT x FROM plain"
PARTITIONED = (
    "CREATE TABLE n WITH (external_location='s3://lake/n/', partitioned_by=ARRAY['p']) AS "
    "SELECT x, 'a' AS p FROM plain"
)
Question = tuple[str, str, str | None]


class Authoriser:
    """Allows everything but what `refused` names; notes what it was asked."""

    def __init__(self, refused: Callable[[str, str], bool] = lambda action, resource: False) -> None:
        self.asked: list[Question] = []
        self._refused = refused

    def denial(self, action: str, resource: str, context: Mapping[str, str] | None = None) -> str | None:
        self.asked.append((action, resource, (context or {}).get("s3:prefix")))
        if self._refused(action, resource):
            return f"User: someone is not authorized to perform: {action} on resource: {resource}"
        return None

    def actions(self, resource: str) -> set[str]:
        """What was asked about one resource."""
        return {action for action, name, _ in self.asked if name == resource}


@pytest.fixture
def lake(fresh: Athena) -> Athena:
    """A table `plain`, and `parts` with the partitions a and b, written without any limit."""
    fresh.run("CREATE TABLE plain WITH (external_location='s3://lake/plain/') AS SELECT 1 AS x")
    fresh.run(
        "CREATE TABLE parts WITH (external_location='s3://lake/parts/', partitioned_by=ARRAY['p']) AS "
        "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t(x, p)"
    )
    return fresh


def run(athena: Athena, sql: str, authoriser: Authoriser) -> None:
    access = Access(authoriser, SCOPE)
    athena.engine.execute(sql, "lake", query_id="0a", output="s3://results/out/", access=access)


def refusal(athena: Athena, sql: str, action: str, part: str = "") -> str:
    """The words of the refusal when only `action`, on resources that hold `part`, is not allowed."""
    authoriser = Authoriser(lambda asked, resource: asked == action and part in resource)
    with pytest.raises(QueryError) as refused:
        run(athena, sql, authoriser)
    return str(refused.value)


def test_reading_a_table_needs_its_description_and_its_files(lake: Athena) -> None:
    authoriser = Authoriser()
    run(lake, "SELECT x FROM plain", authoriser)
    assert authoriser.actions(f"{GLUE}:table/lake/plain") == {"glue:GetTable"}
    assert authoriser.actions(f"{GLUE}:database/lake") == {"glue:GetDatabase", "glue:GetTable"}
    assert authoriser.actions(f"{GLUE}:catalog") == {"glue:GetDatabase", "glue:GetTable"}
    assert authoriser.actions(f"{GLUE}:database/default") == {"glue:GetDatabase"}
    (file,) = lake.store.objects("s3://lake/plain/")
    assert authoriser.actions(f"arn:aws:s3:::lake/{file.key}") == {"s3:GetObject"}
    assert ("s3:ListBucket", "arn:aws:s3:::lake", "plain/") in authoriser.asked
    assert not any(action in ("s3:PutObject", "glue:CreateTable") for action, _, _ in authoriser.asked)


def test_only_the_partitions_that_are_read_are_asked_about(lake: Athena) -> None:
    authoriser = Authoriser(lambda action, resource: "p=a" in resource)
    run(lake, "SELECT x FROM parts WHERE p = 'b'", authoriser)
    assert "glue:GetPartitions" in authoriser.actions(f"{GLUE}:table/lake/parts")
    prefixes = {prefix for action, _, prefix in authoriser.asked if action == "s3:ListBucket"}
    assert prefixes == {"parts/p=b/"}


def test_no_question_is_asked_twice(lake: Athena) -> None:
    authoriser = Authoriser()
    run(lake, "SELECT a.x FROM parts a JOIN parts b ON a.p = b.p JOIN plain c ON c.x = a.x", authoriser)
    assert len(authoriser.asked) == len(set(authoriser.asked))


def test_a_refusal_names_action_and_resource_in_athenas_words(lake: Athena) -> None:
    table = f"{GLUE}:table/lake/plain"
    assert refusal(lake, "SELECT x FROM plain", "glue:GetTable", "table/") == (
        "Insufficient permissions to execute the query. "
        f"User: someone is not authorized to perform: glue:GetTable on resource: {table}"
    )
    (file,) = lake.store.objects("s3://lake/plain/")
    assert refusal(lake, "SELECT x FROM plain", "s3:GetObject") == (
        f"Permission denied on S3 path: {file.uri}. "
        f"User: someone is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::lake/{file.key}"
    )
    assert "S3 path: s3://lake/plain/." in refusal(lake, "SELECT x FROM plain", "s3:ListBucket")


def test_a_table_that_may_not_be_seen_is_refused_whether_it_exists_or_not(lake: Athena) -> None:
    for name in ("plain", "nowhere"):
        assert "glue:GetTable" in refusal(lake, f"SELECT * FROM {name}", "glue:GetTable", name)


def test_a_view_is_no_way_around_its_table(lake: Athena) -> None:
    lake.run("CREATE VIEW window AS SELECT x FROM plain")
    assert "table/lake/plain" in refusal(lake, "SELECT * FROM window", "glue:GetTable", "plain")
    assert "lake/plain/" in refusal(lake, "SELECT * FROM window", "s3:GetObject")


@pytest.mark.parametrize(
    ("sql", "action", "part"),
    [
        (CTAS, "glue:CreateTable", "table/"),
        (CTAS, "s3:PutObject", "lake/n/"),
        ("CREATE TABLE n AS SELECT x FROM plain", "s3:PutObject", "results/out/tables/"),
        (CTAS, "s3:GetObject", "plain"),
        (PARTITIONED, "glue:BatchCreatePartition", ""),
        ("INSERT INTO plain SELECT 2", "s3:PutObject", "lake/plain/"),
        ("INSERT INTO parts SELECT 2, 'c'", "glue:BatchCreatePartition", "table/"),
        ("DROP TABLE plain", "glue:DeleteTable", "table/"),
        ("DROP TABLE parts", "glue:DeletePartition", "table/"),
        ("ALTER TABLE parts ADD PARTITION (p='z')", "glue:BatchCreatePartition", "table/"),
        ("ALTER TABLE parts DROP PARTITION (p='a')", "glue:DeletePartition", "table/"),
        ("MSCK REPAIR TABLE parts", "s3:ListBucket", ""),
        ("CREATE EXTERNAL TABLE n (x int) LOCATION 's3://lake/plain/'", "glue:CreateTable", "table/"),
        ("CREATE VIEW n AS SELECT x FROM plain", "glue:CreateTable", "table/"),
        ("SHOW TABLES", "glue:GetTables", ""),
        ("SHOW DATABASES", "glue:GetDatabases", ""),
        ("SHOW PARTITIONS parts", "glue:GetPartitions", "table/"),
        ("DESCRIBE plain", "glue:GetTable", "table/"),
        ("SELECT 1", "glue:GetDatabase", "database/default"),
    ],
)  # fmt: skip
def test_a_refused_statement_changes_nothing(lake: Athena, sql: str, action: str, part: str) -> None:
    before = (dict(lake.catalog.found), {k: list(v) for k, v in lake.catalog.parts.items()})
    files = [item.key for item in lake.store.objects("s3://lake/")]
    assert action in refusal(lake, sql, action, part)
    assert (dict(lake.catalog.found), lake.catalog.parts) == before
    assert [item.key for item in lake.store.objects("s3://lake/")] == files
    run(lake, sql, Authoriser())


def test_a_result_that_may_not_be_written_or_read_is_refused() -> None:
    nothing = Access(Authoriser(lambda action, resource: True), SCOPE)
    uri = "s3://results/out/1.csv"
    with pytest.raises(
        QueryError, match=r"^Access denied when writing output to url: s3://results/out/1.csv "
    ):
        nothing.write_result(uri)
    with pytest.raises(QueryError, match=r"^You do not seem to have access to the S3 location"):
        nothing.read_result(uri)
    with pytest.raises(QueryError, match=r"^Unable to verify/create output bucket results"):
        nothing.find_results("s3://results/out/")


def test_the_root_of_the_account_is_not_asked(lake: Athena) -> None:
    access = Access(None, SCOPE)
    lake.engine.execute("SELECT x FROM plain", "lake", query_id="0b", access=access)


@pytest.mark.parametrize(
    ("sql", "action"),
    [
        ("ALTER TABLE plain ADD COLUMNS (y string)", "glue:UpdateTable"),
        ("ALTER TABLE plain SET LOCATION 's3://lake/other/'", "glue:UpdateTable"),
        ("ALTER TABLE parts PARTITION (p = 'a') RENAME TO PARTITION (p = 'z')", "glue:UpdatePartition"),
        ("CREATE DATABASE fresh", "glue:CreateDatabase"),
        ("DROP DATABASE raw", "glue:DeleteDatabase"),
        ("UNLOAD (SELECT x FROM plain) TO 's3://lake/un/' WITH (format = 'JSON')", "s3:PutObject"),
        ("UNLOAD (SELECT x FROM plain) TO 's3://lake/un/' WITH (format = 'JSON')", "s3:GetObject"),
        ('SELECT * FROM "parts$partitions"', "glue:GetPartitions"),
        ("SELECT * FROM information_schema.tables", "glue:GetTables"),
    ],
)
def test_what_changes_or_shows_the_catalog_needs_the_right_to_it(lake: Athena, sql: str, action: str) -> None:
    parts = lake.catalog.table("lake", "parts")
    assert parts is not None
    partitions = lake.catalog.partitions(parts)
    before = {name: lake.catalog.table("lake", name) for name in lake.catalog.tables("lake")}
    assert action in refusal(lake, sql, action)
    assert {name: lake.catalog.table("lake", name) for name in lake.catalog.tables("lake")} == before
    assert lake.catalog.databases() == ["lake", "raw"]
    assert lake.catalog.partitions(parts) == partitions
    assert lake.store.is_empty("s3://lake/un/")
