"""EXPLAIN: whether a statement is valid, and how it would run here.

Plans are DuckDB's, which runs the statement, and say so: Trino's would have other operators. Only what is
true of both is offered; the forms that promise Trino's own structures are refused by their names.
"""

import re
from dataclasses import dataclass

from engage_cli.local.athena.errors import QueryError, not_supported

HEADING = "Plan of the local Athena (DuckDB's operators, not Trino's):"
_EXPLAIN = re.compile(
    r"EXPLAIN\b(?:\s+(ANALYZE)(?:\s+(VERBOSE))?)?(?:\s*\(([^()]*)\))?\s+(.*)", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True)
class Explain:
    """EXPLAIN of a statement. `kind`: logical (the plan), analyze (run it), validate."""

    kind: str
    statement: str


def explained(text: str) -> Explain | None:
    """Return what a statement without comments explains, None if it explains nothing. Raises QueryError."""
    if not re.match(r"EXPLAIN\b", text, re.IGNORECASE):
        return None
    match = _EXPLAIN.fullmatch(text)
    if match is None:
        raise QueryError("SYNTAX_ERROR", "line 1:8: mismatched input '<EOF>'")
    analyze, verbose, options, statement = match.groups()
    if verbose:
        raise not_supported("EXPLAIN ANALYZE VERBOSE")
    kind = "analyze" if analyze else "logical"
    for option in (options or "").split(","):
        words = option.upper().split()
        if words in ([], ["FORMAT", "TEXT"], ["TYPE", "LOGICAL"], ["TYPE", "DISTRIBUTED"]):
            continue
        if words == ["TYPE", "VALIDATE"] and not analyze:
            kind = "validate"
            continue
        raise not_supported(f"EXPLAIN ({' '.join(words)})")
    return Explain(kind, statement)
