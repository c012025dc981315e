"""Presto views as the Glue catalog keeps them: base64 of JSON inside a comment."""

import base64
import json
import re

from engage_cli.local.athena.catalog import Table
from engage_cli.local.athena.errors import QueryError


def view_text(table: Table) -> str:
    """Return the ViewOriginalText of a view."""
    columns = [{"name": name, "type": kind} for name, kind in table.columns]
    definition = {"originalSql": table.view_sql, "catalog": "awsdatacatalog", "schema": table.database}
    encoded = base64.b64encode(json.dumps({**definition, "columns": columns}).encode()).decode()
    return f"/* Presto View: {encoded} */"


def view_sql(text: str) -> str:
    """Return the query of a view. Raises QueryError for a view that is not Presto's."""
    match = re.fullmatch(r"\s*/\* Presto View: ([A-Za-z0-9+/=]+) \*/\s*", text)
    if match is None:
        raise QueryError("UNSUPPORTED_HIVE_VIEW", "Only views made by Athena or Presto can be read")
    return str(json.loads(base64.b64decode(match[1]))["originalSql"])
