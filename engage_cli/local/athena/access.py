"""What a statement may touch: its caller's permissions on Glue and S3, asked before it runs.

Athena has no rights of its own: it reads and writes with those of whoever started the query. `Access`
knows which action on which resource each step of a statement needs, asks an `Authoriser` once for each,
and words a refusal as Athena does. It knows nothing of MiniStack: `authorization.Caller` decides there.

The actions are those of the Athena User Guide ("Configure access to databases and tables in the AWS
Glue Data Catalog", "Control access to Amazon S3 from Athena"). An action on a table is allowed on
the table, its database and the catalog, or not at all.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from engage_cli.local.athena import statements as st
from engage_cli.local.athena.catalog import Catalog, Partition, Table, find_table
from engage_cli.local.athena.errors import QueryError
from engage_cli.local.athena.storage import StoredObject, directory, split_uri

# Where the files of a table that does not exist yet will be: their names are made when they are written.
_NEW_FILE = "new-file"


class Authoriser(Protocol):
    """Decides for one principal."""

    def denial(self, action: str, resource: str, context: Mapping[str, str] | None = None) -> str | None:
        """Return why `action` on `resource` is refused, naming principal, action and resource, or None."""


class Access:
    """The permissions of one statement's caller; no question is asked twice.

    `scope` is `<region>:<account>` of the catalog. Without an authoriser everything is allowed.
    """

    def __init__(self, authoriser: Authoriser | None = None, scope: str = "") -> None:
        self._authoriser = authoriser
        self._glue = f"arn:aws:glue:{scope}"
        self._allowed: set[tuple[str, str, str | None]] = set()

    def _require(self, action: str, resource: str, words: str, prefix: str | None = None) -> None:
        question = (action, resource, prefix)
        if self._authoriser is None or question in self._allowed:
            return
        denial = self._authoriser.denial(action, resource, {} if prefix is None else {"s3:prefix": prefix})
        if denial is not None:
            raise QueryError("", f"{words} {denial}")
        self._allowed.add(question)

    def _require_glue(self, action: str, *resources: str) -> None:
        for resource in ("catalog", *resources):
            words = "Insufficient permissions to execute the query."
            self._require(f"glue:{action}", f"{self._glue}:{resource}", words)

    def database(self, action: str, database: str) -> None:
        """Require a Glue action on a database."""
        self._require_glue(action, f"database/{database}")

    def table(self, action: str, database: str, name: str) -> None:
        """Require a Glue action on a table, on its database and on the catalog."""
        self._require_glue(action, f"database/{database}", f"table/{database}/{name}")

    def list(self, location: str) -> None:
        """Require to list what is below a location."""
        bucket, prefix = split_uri(directory(location))
        words = f"Permission denied on S3 path: {directory(location)}."
        self._require("s3:ListBucket", f"arn:aws:s3:::{bucket}", words, prefix)

    def read(self, location: str, objects: Iterable[StoredObject]) -> None:
        """Require to list a location and to read each of the objects found there."""
        if self._authoriser is None:
            return
        self.list(location)
        for item in objects:
            words = f"Permission denied on S3 path: {item.uri}."
            self._require("s3:GetObject", f"arn:aws:s3:::{item.bucket}/{item.key}", words)

    def write(self, uri: str) -> None:
        """Require to write an object."""
        bucket, key = split_uri(uri)
        words = f"Permission denied on S3 path: {uri}."
        self._require("s3:PutObject", f"arn:aws:s3:::{bucket}/{key}", words)

    def find_results(self, output: str) -> None:
        """Require to find the bucket of a query's results; StartQueryExecution itself refuses."""
        bucket, _ = split_uri(output)
        words = f"Unable to verify/create output bucket {bucket}."
        self._require("s3:GetBucketLocation", f"arn:aws:s3:::{bucket}", words)

    def write_result(self, uri: str) -> None:
        """Require to write a query's result and, beside it, its metadata."""
        bucket, key = split_uri(uri)
        words = (
            f"Access denied when writing output to url: {uri} . Please ensure you are allowed to access "
            "the S3 bucket."
        )
        for name in (key, f"{key}.metadata"):
            self._require("s3:PutObject", f"arn:aws:s3:::{bucket}/{name}", words)

    def read_result(self, uri: str) -> None:
        """Require to read a query's result."""
        bucket, key = split_uri(uri)
        words = (
            "You do not seem to have access to the S3 location of your query results. Please confirm your "
            "account has access to the S3 location where your query results are saved and try again."
        )
        self._require("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}", words)

    def before(self, statement: st.Statement, database: str, catalog: Catalog, output: str) -> None:
        """Require what a statement changes, so that one that may not write does not run at all.

        What it reads is required by `AuthorisedCatalog` and `read` once it is known, before a file is opened.
        """
        if self._authoriser is None:
            return
        # Athena looks at `default` whatever the query is about.
        self.database("GetDatabase", "default")
        if isinstance(statement, st.CreateTableAs):
            owner, name = statement.name[0] or database, statement.name[1]
            self._change(
                "CreateTable", owner, name, partitioned=bool(statement.properties.get("partitioned_by"))
            )
            location = statement.properties.get("external_location") or f"{directory(output)}tables/"
            self._place(str(location))
        elif isinstance(statement, st.Unload):
            self._place(statement.location)
        elif isinstance(statement, st.Insert):
            table = find_table(catalog, database, statement.name)
            self._change("GetTable", table.database, table.name, partitioned=bool(table.partition_keys))
            self._place(table.location)
        elif isinstance(statement, st.CreateExternalTable):
            self._change("CreateTable", statement.name[0] or database, statement.name[1])
            self.list(statement.location)
        elif isinstance(statement, st.CreateView):
            self._change("CreateTable", statement.name[0] or database, statement.name[1])
        elif isinstance(statement, st.RepairTable):
            table = find_table(catalog, database, statement.name)
            self._change("GetTable", table.database, table.name, partitioned=True)
            self.list(table.location)

    def _change(self, action: str, database: str, name: str, *, partitioned: bool = False) -> None:
        self.database("GetDatabase", database)
        actions = ("GetPartitions", "BatchCreatePartition", "CreatePartition") if partitioned else ()
        for needed in ("GetTable", action, *actions):
            self.table(needed, database, name)

    def _place(self, location: str) -> None:
        self.list(location)
        self.write(f"{directory(location)}{_NEW_FILE}")


class AuthorisedCatalog:
    """The catalog as far as one caller may use it."""

    def __init__(self, catalog: Catalog, access: Access) -> None:
        self._catalog = catalog
        self._access = access

    def has_database(self, database: str) -> bool:
        """Say whether the database exists."""
        self._access.database("GetDatabase", database)
        return self._catalog.has_database(database)

    def databases(self) -> list[str]:
        """Return the names of all databases."""
        self._access.database("GetDatabases", "*")
        return self._catalog.databases()

    def tables(self, database: str) -> list[str]:
        """Return the names of a database's tables and views, sorted."""
        self._access.table("GetTables", database, "*")
        return self._catalog.tables(database)

    def table(self, database: str, name: str) -> Table | None:
        """Return a table or view, or None."""
        self._access.database("GetDatabase", database)
        self._access.table("GetTable", database, name)
        return self._catalog.table(database, name)

    def partitions(self, table: Table) -> list[Partition]:
        """Return the registered partitions of a table."""
        if table.partition_keys:
            self._access.table("GetPartitions", table.database, table.name)
        return self._catalog.partitions(table)

    def create_table(self, table: Table, *, replace: bool = False) -> None:
        """Register a table or view. Raises QueryError if it exists and `replace` is not set."""
        update = replace and self._catalog.table(table.database, table.name) is not None
        self._access.table("UpdateTable" if update else "CreateTable", table.database, table.name)
        self._catalog.create_table(table, replace=replace)

    def update_table(self, table: Table) -> None:
        """Put a table in the place of the one with its name, whose partitions stay."""
        self._access.table("UpdateTable", table.database, table.name)
        self._catalog.update_table(table)

    def create_database(self, name: str, location: str, comment: str) -> None:
        """Make a database."""
        self._access.database("CreateDatabase", name)
        self._catalog.create_database(name, location, comment)

    def drop_database(self, name: str) -> None:
        """Remove an empty database."""
        self._access.database("DeleteDatabase", name)
        self._catalog.drop_database(name)

    def drop_table(self, table: Table) -> None:
        """Remove a table with its partitions."""
        actions = ("GetPartitions", "DeletePartition") if table.partition_keys else ()
        for action in (*actions, "DeleteTable"):
            self._access.table(action, table.database, table.name)
        self._catalog.drop_table(table)

    def add_partitions(self, table: Table, partitions: list[Partition]) -> None:
        """Register partitions; those that exist are left alone."""
        for action in ("BatchCreatePartition", "CreatePartition"):
            self._access.table(action, table.database, table.name)
        self._catalog.add_partitions(table, partitions)

    def update_partition(self, table: Table, values: tuple[str, ...], partition: Partition) -> None:
        """Put a partition in the place of the one with these values."""
        self._access.table("UpdatePartition", table.database, table.name)
        self._catalog.update_partition(table, values, partition)

    def drop_partition(self, table: Table, values: tuple[str, ...]) -> None:
        """Remove one partition."""
        self._access.table("DeletePartition", table.database, table.name)
        self._catalog.drop_partition(table, values)
