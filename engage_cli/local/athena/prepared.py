"""Prepared statements of work groups: the API's operations and PREPARE, EXECUTE, DEALLOCATE PREPARE.

They live in MiniStack's own store, so they persist with its state.
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from engage_cli.local.athena.errors import QueryError, RequestError
from engage_cli.local.athena.parameters import Deallocate, Execute, Prepare, bind, prepared
from engage_cli.local.athena.statements import without_comments

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_@:]{0,255}")
_MAX_BATCH = 50


class PreparedStatements:
    """The prepared statements of all work groups. `store`: by `<work group>/<name>`."""

    def __init__(self, store: Any, workgroups: Any) -> None:
        self._store = store
        self._workgroups = workgroups
        self.operations: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "CreatePreparedStatement": self.create,
            "UpdatePreparedStatement": self.update,
            "GetPreparedStatement": self.get,
            "BatchGetPreparedStatement": self.batch_get,
            "DeletePreparedStatement": self.delete,
            "ListPreparedStatements": self.list,
        }

    def run(self, sql: str, workgroup: str, parameters: list[str]) -> str | None:
        """Return the statement to execute, with its parameters in place; None when nothing is left to do.

        PREPARE and DEALLOCATE are done here. Raises QueryError.
        """
        action = prepared(without_comments(sql))
        if action is None:
            return bind(sql, parameters) if parameters else sql
        if isinstance(action, Execute):
            statement = self._store.get(f"{workgroup}/{action.name}")
            if statement is None:
                raise QueryError("NOT_FOUND", f"Prepared statement not found: {action.name}")
            if action.values and parameters:
                raise QueryError(
                    "INVALID_PARAMETER_USAGE", "Parameters were given twice, by USING and by the call"
                )
            return bind(statement["QueryStatement"], action.values or parameters)
        if isinstance(action, Prepare):
            self._put(workgroup, action.name, action.statement, "")
        elif isinstance(action, Deallocate) and self._store.pop(f"{workgroup}/{action.name}", None) is None:
            raise QueryError("NOT_FOUND", f"Prepared statement not found: {action.name}")
        return None

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreatePreparedStatement."""
        workgroup, name = self._place(request)
        if f"{workgroup}/{name}" in self._store:
            raise RequestError(f"Prepared statement {name} already exists in workGroup {workgroup}")
        self._put(workgroup, name, self._statement(request), request.get("Description") or "")
        return {}

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdatePreparedStatement."""
        workgroup, name = self._place(request)
        self._found(workgroup, name)
        self._put(workgroup, name, self._statement(request), request.get("Description") or "")
        return {}

    def get(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetPreparedStatement."""
        return {"PreparedStatement": self._found(*self._place(request))}

    def batch_get(self, request: dict[str, Any]) -> dict[str, Any]:
        """BatchGetPreparedStatement."""
        names = request.get("PreparedStatementNames") or []
        if len(names) > _MAX_BATCH:
            raise RequestError(f"At most {_MAX_BATCH} prepared statements can be asked for at once")
        workgroup = self._workgroup(request)
        found = {name: self._store.get(f"{workgroup}/{name}") for name in names}
        missing = [
            {
                "StatementName": name,
                "ErrorCode": "STATEMENT_NOT_FOUND",
                "ErrorMessage": f"Prepared statement {name} not found",
            }
            for name, statement in found.items()
            if statement is None
        ]
        there = [statement for statement in found.values() if statement is not None]
        return {"PreparedStatements": there, "UnprocessedPreparedStatementNames": missing}

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeletePreparedStatement."""
        workgroup, name = self._place(request)
        self._found(workgroup, name)
        del self._store[f"{workgroup}/{name}"]
        return {}

    def list(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListPreparedStatements, by name, in pages."""
        workgroup = self._workgroup(request)
        found = sorted(
            (s for s in self._store.values() if s["WorkGroupName"] == workgroup),
            key=lambda statement: str(statement["StatementName"]),
        )
        start, size = int(request.get("NextToken") or 0), min(int(request.get("MaxResults") or 50), 50)
        page = [
            {"StatementName": s["StatementName"], "LastModifiedTime": s["LastModifiedTime"]}
            for s in found[start : start + size]
        ]
        more = {"NextToken": str(start + size)} if start + size < len(found) else {}
        return {"PreparedStatements": page, **more}

    def _workgroup(self, request: dict[str, Any]) -> str:
        name = request.get("WorkGroup") or request.get("WorkGroupName") or "primary"
        if self._workgroups.get(name) is None:
            raise RequestError(f"WorkGroup {name} is not found.")
        return str(name)

    def _place(self, request: dict[str, Any]) -> tuple[str, str]:
        name = request.get("StatementName") or ""
        if not _NAME.fullmatch(name):
            raise RequestError(f"{name!r} is no name of a prepared statement: letters, digits, _, @ and :")
        return self._workgroup(request), name

    def _statement(self, request: dict[str, Any]) -> str:
        statement = request.get("QueryStatement") or ""
        try:
            if not isinstance(prepared(f"PREPARE p FROM {without_comments(statement)}"), Prepare):
                raise RequestError("QueryStatement is needed")
        except QueryError as error:
            raise RequestError(str(error)) from error
        return str(statement)

    def _found(self, workgroup: str, name: str) -> dict[str, Any]:
        statement: dict[str, Any] | None = self._store.get(f"{workgroup}/{name}")
        if statement is None:
            sentence = f"Prepared statement {name} was not found in workGroup {workgroup}"
            raise RequestError(sentence, "ResourceNotFoundException")
        return statement

    def _put(self, workgroup: str, name: str, statement: str, description: str) -> None:
        self._store[f"{workgroup}/{name}"] = {
            "StatementName": name,
            "WorkGroupName": workgroup,
            "QueryStatement": statement,
            "Description": description,
            "LastModifiedTime": int(time.time()),
        }
