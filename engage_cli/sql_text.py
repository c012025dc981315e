"""Identifiers and strings as SQL text: the one place of the program that quotes them.

What the pipeline sends to Athena is made by `engage_ml.sqltext`, which refuses what no contract may hold.
"""


def quoted(name: str) -> str:
    """Return a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a string literal."""
    return "'" + text.replace("'", "''") + "'"
