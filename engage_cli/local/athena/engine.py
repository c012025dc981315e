"""Executes statements. One DuckDB database for the process: its memory limit is the limit of all queries."""

import shutil
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlglot import exp

from engage_cli.local.athena import python_functions
from engage_cli.local.athena import statements as st
from engage_cli.local.athena.access import Access, AuthorisedCatalog
from engage_cli.local.athena.catalog import Catalog
from engage_cli.local.athena.date_keys import PREFIX, date_keys, use_date_keys
from engage_cli.local.athena.ddl import DdlRunner
from engage_cli.local.athena.errors import CutOff, QueryCancelled, not_supported
from engage_cli.local.athena.explain import HEADING, Explain, explained
from engage_cli.local.athena.failures import translate_error
from engage_cli.local.athena.forms import with_ties
from engage_cli.local.athena.macros import macro_statements
from engage_cli.local.athena.projection import is_projected, projected
from engage_cli.local.athena.prune import prune
from engage_cli.local.athena.pushdown import columns_read, pushed_down
from engage_cli.local.athena.relation import RelationBuilder
from engage_cli.local.athena.resolve import Resolver
from engage_cli.local.athena.results import Column, column_of, text_expression, write_csv
from engage_cli.local.athena.row_groups import RowGroupFilter
from engage_cli.local.athena.storage import ObjectStore
from engage_cli.local.athena.translate import to_duckdb
from engage_cli.local.athena.trino_types import Type
from engage_cli.local.athena.type_check import check_types
from engage_cli.local.athena.unnest import find_shapes
from engage_cli.local.athena.writes import TableWriter
from engage_cli.sql_text import literal, quoted


@dataclass
class Outcome:
    """What a statement did. `csv` (a query) or `lines` (DDL) is the result; the caller stores it."""

    kind: str
    substatement: str
    columns: list[Column] = field(default_factory=list)
    csv: Path | None = None
    lines: list[str] = field(default_factory=list)
    rows: int = 0
    scanned: int = 0
    written: list[str] = field(default_factory=list)


class QueryHandle:
    """Lets another thread stop a statement."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Any = None
        self.cancelled = False

    def attach(self, connection: Any) -> None:
        """Give the connection to interrupt. Raises QueryCancelled if the stop came first."""
        with self._lock:
            if self.cancelled:
                raise QueryCancelled
            self._connection = connection

    def detach(self) -> None:
        """Say that the statement has ended."""
        with self._lock:
            self._connection = None

    def stop(self) -> None:
        """Stop the statement now, or as soon as it starts."""
        with self._lock:
            self.cancelled = True
        threading.Thread(target=self._interrupt, name="athena-stop", daemon=True).start()

    def _interrupt(self) -> None:
        # DuckDB forgets an interrupt that falls between two of a statement's steps: repeat it to the end.
        while True:
            with self._lock:
                if self._connection is None:
                    return
                self._connection.interrupt()
            time.sleep(0.05)


@dataclass(frozen=True)
class Prepared:
    """A query ready to run: SQL with columns `c0`, `c1`, ..., their names, DuckDB's and Trino's types."""

    sql: str
    names: list[str]
    types: list[Any]
    scanned: int
    trino: list[Type | None]


# Statement and substatement type of what writes files.
_WRITES: dict[type, tuple[str, str]] = {
    st.CreateTableAs: ("DDL", "CREATE_TABLE_AS_SELECT"),
    st.Insert: ("DML", "INSERT"),
    st.Unload: ("DML", "UNLOAD"),
}


class Engine:
    """Executes Athena statements against a catalog and an object store."""

    def __init__(
        self,
        catalog: Catalog,
        store: ObjectStore,
        work: Path,
        *,
        memory: str = "1GB",
        threads: int | None = None,
    ) -> None:
        """`work` holds spilled and staged files: on the file system of the store, so that moves are cheap."""
        self.catalog = catalog
        self.store = store
        self._work = work
        self._memory = memory
        self._threads = threads
        self._database: Any = None
        self._lock = threading.Lock()

    def _connect(self) -> Any:
        with self._lock:
            if self._database is None:
                self._database = self._open()
            return self._database.cursor()

    def _open(self) -> Any:
        import duckdb

        shutil.rmtree(self._work, ignore_errors=True)  # left by a process that was killed
        for name in ("spill", "stage"):
            (self._work / name).mkdir(parents=True, exist_ok=True)
        database = duckdb.connect(":memory:")
        allowed = ", ".join(literal(f"{path}/") for path in (self.store.root, self._work))
        settings = [
            f"memory_limit = {literal(self._memory)}",
            f"temp_directory = {literal(str(self._work / 'spill'))}",
            "TimeZone = 'UTC'", "preserve_insertion_order = false", "autoinstall_known_extensions = false",
            "autoload_known_extensions = false", "python_enable_replacements = false",
            # The pushed-down types make the CSV reader refuse what TRY_CAST would turn into NULL.
            "disabled_optimizers = 'type_pushdown'", f"allowed_directories = [{allowed}]",
            "enable_external_access = false",
        ]  # fmt: skip
        if self._threads:
            settings.append(f"threads = {self._threads}")
        for setting in settings:
            database.execute(f"SET {setting}")
        python_functions.register(database)
        for statement in macro_statements():
            database.execute(statement)
        database.execute("SET lock_configuration = true")
        return database

    def stage_directory(self) -> Path:
        """Return a directory for files that are about to be moved into the store."""
        return self._work / "stage"

    def execute(
        self, sql: str, database: str, *, query_id: str, output: str = "", cutoff: int | None = None,
        handle: QueryHandle | None = None, access: Access | None = None,
    ) -> Outcome:  # fmt: skip
        """Execute one statement.

        `output` is where a CREATE TABLE AS without a location puts its table; `cutoff` the bytes that it may
        scan; `access` what its caller may touch (None: everything). Raises QueryError, or QueryCancelled
        after `handle.stop()`.
        """
        import duckdb

        explain = explained(st.without_comments(sql))
        statement = st.classify(explain.statement if explain else sql)
        handle, access = handle or QueryHandle(), access or Access()
        connection = self._connect()
        try:
            handle.attach(connection)
            if explain is not None:
                return self._explain(connection, explain, statement, database.lower(), cutoff, access)
            return self._run(connection, statement, database.lower(), query_id, output, cutoff, access)
        except duckdb.Error as error:
            if handle.cancelled:
                raise QueryCancelled from error
            raise translate_error(error) from error
        finally:
            handle.detach()
            connection.close()

    def _run(
        self,
        connection: Any,
        statement: st.Statement,
        database: str,
        query_id: str,
        output: str,
        cutoff: int | None,
        access: Access,
    ) -> Outcome:
        catalog = AuthorisedCatalog(self.catalog, access)
        access.before(statement, database, catalog, output)
        if isinstance(statement, st.Select):
            prepared = self.prepare(connection, statement.query, database, cutoff, access)
            return self._select(connection, prepared)
        if isinstance(statement, st.CreateTableAs | st.Insert | st.Unload):
            stage = Path(tempfile.mkdtemp(dir=self._work / "stage"))
            try:
                writer = TableWriter(catalog, self.store, access, stage, query_id)
                prepared = self.prepare(connection, statement.query, database, cutoff, access)
                rows, files = self._written(writer, connection, statement, prepared, database, output)
            finally:
                shutil.rmtree(stage, ignore_errors=True)
            kind, sub = _WRITES[type(statement)]
            columns = [Column("rows", "bigint", 19)]
            return Outcome(kind, sub, columns, rows=rows, scanned=prepared.scanned, written=files)
        runner = DdlRunner(catalog, self.store)
        if isinstance(statement, st.CreateView):
            prepared = self.prepare(connection, statement.query, database, None, access)
            names = [name.lower() for name in prepared.names]
            runner.create_view(statement, database, names, prepared.types)
            return Outcome("DDL", "CREATE_VIEW")
        sub, columns, lines = runner.run(statement, database)
        return Outcome("UTILITY" if isinstance(statement, st.Show) else "DDL", sub, columns, lines=lines)

    @staticmethod
    def _written(
        writer: TableWriter,
        connection: Any,
        statement: st.Statement,
        prepared: Prepared,
        database: str,
        output: str,
    ) -> tuple[int, list[str]]:
        if isinstance(statement, st.CreateTableAs):
            return writer.create(connection, statement, prepared, database, output)
        if isinstance(statement, st.Unload):
            return writer.unload(connection, statement, prepared, database, output)
        assert isinstance(statement, st.Insert)
        return writer.insert(connection, statement, prepared, database, output)

    def _explain(
        self,
        connection: Any,
        explain: Explain,
        statement: st.Statement,
        database: str,
        cutoff: int | None,
        access: Access,
    ) -> Outcome:
        # Of what writes, the plan is that of its query; running it would write.
        writes = isinstance(statement, st.CreateTableAs | st.Insert | st.Unload)
        if not (isinstance(statement, st.Select) or (writes and explain.kind != "analyze")):
            raise not_supported(f"EXPLAIN of {type(statement).__name__}")
        assert isinstance(statement, st.Select | st.CreateTableAs | st.Insert | st.Unload)
        access.before(statement, database, AuthorisedCatalog(self.catalog, access), "")
        # Without ANALYZE nothing is read, so there is nothing to cut off.
        runs = explain.kind == "analyze"
        prepared = self.prepare(connection, statement.query, database, cutoff if runs else None, access)
        if explain.kind == "validate":
            return Outcome("UTILITY", "EXPLAIN", [Column("Valid", "boolean")], lines=["true"])
        plan = connection.execute(f"EXPLAIN {'ANALYZE ' if runs else ''}{prepared.sql}").fetchall()[0][1]
        lines = [HEADING, *str(plan).rstrip().splitlines()]
        if runs:
            lines.append(f"Input: {prepared.scanned} B")
        scanned = prepared.scanned if runs else 0
        return Outcome("UTILITY", "EXPLAIN", [Column("Query Plan", "varchar")], lines=lines, scanned=scanned)

    def prepare(
        self, connection: Any, query: exp.Expression, database: str, cutoff: int | None, access: Access
    ) -> Prepared:
        """Resolve, prune, bind and translate a query. Raises QueryError."""
        catalog = AuthorisedCatalog(self.catalog, access)
        resolved = Resolver(catalog, database).resolve(query)
        resolved.tree = with_ties(resolved.tree)
        kinds = check_types(resolved)
        builder = RelationBuilder(self.store, access)
        scanned = 0
        near = pushed_down(resolved.tree)
        needed = columns_read(near)
        for reference in resolved.references:
            partitions = None
            if reference.table.partition_keys:
                if is_projected(reference.table):
                    registered = projected(near, reference)
                else:
                    registered = catalog.partitions(reference.table)
                partitions = prune(connection, near, reference, registered)
            keys = date_keys(reference, partitions or [])
            use_date_keys(resolved.tree, reference, keys)
            reference.columns = needed.get(reference.name, reference.columns)
            groups = RowGroupFilter(connection, near, reference)
            relation = builder.build(reference, partitions, groups.bytes)
            dates = [f", CAST({quoted(key)} AS DATE) AS {quoted(PREFIX + key)}" for key in keys]
            view = f"SELECT *{''.join(dates)} FROM ({relation.sql})"
            connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(reference.name)} AS {view}")
            scanned += relation.scanned
        if cutoff is not None and scanned > cutoff:
            raise CutOff(cutoff)
        find_shapes(connection, resolved.tree)
        sql = to_duckdb(resolved.tree)
        types = list(connection.sql(sql).types)
        labels = [f"c{i}" for i in range(len(types))]
        # HUGEINT is DuckDB's type of sums and counts; Trino's is bigint. The types are not asked for again
        # after the cast: binding a large statement takes longer than running a small one.
        bigint = connection.sql("SELECT CAST(0 AS BIGINT)").types[0]
        wide = [str(kind) == "HUGEINT" for kind in types]
        casts = [
            f"CAST({label} AS BIGINT) AS {label}" if cast else label
            for label, cast in zip(labels, wide, strict=True)
        ]
        wrapped = f"SELECT {', '.join(casts)} FROM ({sql}) AS q({', '.join(labels)})"
        final = [bigint if cast else kind for kind, cast in zip(types, wide, strict=True)]
        return Prepared(wrapped, resolved.names, final, scanned, kinds)

    def _select(self, connection: Any, prepared: Prepared) -> Outcome:
        columns = [
            column_of(name, kind, trino)
            for name, kind, trino in zip(prepared.names, prepared.types, prepared.trino, strict=True)
        ]
        texts = [f"{text_expression(f'c{i}', kind)} AS c{i}" for i, kind in enumerate(prepared.types)]
        result = connection.sql(f"SELECT {', '.join(texts)} FROM ({prepared.sql})")
        with tempfile.NamedTemporaryFile(dir=self._work / "stage", suffix=".csv", delete=False) as file:
            target = Path(file.name)
        try:
            rows = write_csv(result.to_arrow_reader(100_000), columns, target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return Outcome("DML", "SELECT", columns, csv=target, rows=rows, scanned=prepared.scanned)
