"""The Athena API in the endpoint process: executions, their state, and their results.

`handle` answers the operations about query executions and hands the others (work groups, named
queries, ...) to MiniStack. Executions live in MiniStack's own store, so they persist with its state;
results live in S3, as in Athena.
"""

import asyncio
import contextvars
import copy
import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from engage_cli.local.athena import reuse
from engage_cli.local.athena.access import Access
from engage_cli.local.athena.catalog import GlueCatalog
from engage_cli.local.athena.engine import Engine, Outcome, QueryHandle
from engage_cli.local.athena.errors import CutOff, QueryCancelled, QueryError, RequestError
from engage_cli.local.athena.prepared import PreparedStatements
from engage_cli.local.athena.results import read_page
from engage_cli.local.athena.storage import MiniStackStore, directory, split_uri
from engage_cli.local.authorization import Caller
from engage_cli.local.levels import real, recorded

Response = tuple[int, dict[str, str], bytes]
_WORKERS = 4
_MAX_QUERY_BYTES = 262_144
_ENGINE_VERSION = {
    "SelectedEngineVersion": "AUTO",
    "EffectiveEngineVersion": "Athena engine version 3",
}
_FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")


class AthenaService:
    """Query executions of all accounts and regions of one endpoint."""

    def __init__(self, work: Path, *, memory: str = "1GB") -> None:
        from ministack.services import athena

        self._athena = athena
        self._store = MiniStackStore()
        self._engine = Engine(GlueCatalog(), self._store, work, memory=memory, threads=os.cpu_count())
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="athena")
        self._live: dict[str, QueryHandle] = {}
        self._prepared = PreparedStatements(athena._prepared_statements, athena._workgroups)
        self._operations: Mapping[str, Callable[..., dict[str, Any]]] = {
            "StartQueryExecution": self.start,
            "GetQueryExecution": self.get,
            "BatchGetQueryExecution": self.batch_get,
            "StopQueryExecution": self.stop,
            "ListQueryExecutions": self.list,
            "GetQueryResults": self.results,
            "GetQueryRuntimeStatistics": self.runtime_statistics,
            **self._prepared.operations,
        }

    async def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Any
    ) -> Response:
        """Answer one API call."""
        from ministack.core.responses import error_response_json, json_response

        action = headers.get("x-amz-target", "").rpartition(".")[2]
        operation = self._operations.get(action)
        if operation is None:
            original: Callable[..., Awaitable[Response]] = self._athena.handle_request
            return await original(method, path, headers, body, query_params)
        self._athena._ensure_default_workgroup()
        try:
            request = json.loads(body or b"{}")
            if action == "GetQueryResults":
                # A page of results reads a file: not on the event loop.
                result = await asyncio.to_thread(operation, request, _access(headers, query_params))
            elif action == "StartQueryExecution":
                result = operation(request, _access(headers, query_params))
            else:
                result = operation(request)
        except json.JSONDecodeError:
            return error_response_json("SerializationException", "Invalid JSON", 400)  # type: ignore[no-any-return]
        except RequestError as error:
            return error_response_json(error.code, str(error), 400)  # type: ignore[no-any-return]
        return json_response(result)  # type: ignore[no-any-return]

    def _workgroup(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] | None = self._athena._workgroups.get(name)
        if found is None:
            raise RequestError(f"WorkGroup {name} is not found.")
        if found.get("State") == "DISABLED":
            raise RequestError(f"WorkGroup {name} is disabled.")
        return found.get("Configuration") or {}

    def _output(self, request: dict[str, Any], configuration: dict[str, Any]) -> str:
        own = (configuration.get("ResultConfiguration") or {}).get("OutputLocation")
        asked = (request.get("ResultConfiguration") or {}).get("OutputLocation")
        # As AWS: an enforcing work group overrides the client; the default is to enforce.
        enforced = str(configuration.get("EnforceWorkGroupConfiguration", True)).lower() == "true"
        chosen = own if own and (enforced or not asked) else asked
        if not chosen:
            raise RequestError(
                "No output location provided. An output location is required either through the "
                "Workgroup result configuration setting or as an API input."
            )
        try:
            split_uri(chosen)
        except QueryError as error:
            raise RequestError(f"outputLocation is not a valid S3 path. ({error})") from error
        return directory(str(chosen))

    def start(self, request: dict[str, Any], access: Access) -> dict[str, Any]:
        """StartQueryExecution: idempotent by ClientRequestToken."""
        from ministack.core.responses import new_uuid

        sql, name = request.get("QueryString") or "", request.get("WorkGroup") or "primary"
        if not sql.strip() or len(sql.encode()) > _MAX_QUERY_BYTES:
            raise RequestError(f"queryString must have between 1 and {_MAX_QUERY_BYTES} bytes")
        parameters = request.get("ExecutionParameters") or []
        minutes = reuse.max_age(request)
        configuration = self._workgroup(name)
        output = self._output(request, configuration)
        try:
            access.find_results(output)
        except QueryError as error:
            raise RequestError(str(error)) from error
        token = request.get("ClientRequestToken")
        if token and (earlier := self._by_token(token, name, sql)):
            return {"QueryExecutionId": earlier}
        database = (request.get("QueryExecutionContext") or {}).get("Database") or "default"
        query_id = new_uuid()
        cutoff = configuration.get("BytesScannedCutoffPerQuery")
        execution = {
            "QueryExecutionId": query_id,
            "Query": sql,
            "StatementType": "DML",
            "ResultConfiguration": {"OutputLocation": f"{output}{query_id}.csv"},
            "ResultReuseConfiguration": request.get("ResultReuseConfiguration")
            or {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            **({"ExecutionParameters": parameters} if parameters else {}),
            "QueryExecutionContext": {"Database": database, "Catalog": "awsdatacatalog"},
            "Status": {"State": "QUEUED", "SubmissionDateTime": time.time()},
            "Statistics": {},
            "WorkGroup": name,
            "EngineVersion": dict(_ENGINE_VERSION),
            "_token": token,
            "_columns": [],
            "_output": output,
        }
        if minutes is not None and self._reuse(execution, minutes, access):
            return {"QueryExecutionId": query_id}
        self._athena._executions[query_id] = execution
        handle = QueryHandle()
        self._live[query_id] = handle
        context, limit = contextvars.copy_context(), int(cutoff) if cutoff else None
        self._pool.submit(context.run, self._execute, execution, database, output, limit, handle, access)
        return {"QueryExecutionId": query_id}

    def _reuse(self, execution: dict[str, Any], minutes: int, access: Access) -> bool:
        """Answer with the result of an earlier run, if there is one that the caller may read."""
        found = reuse.earlier(self._athena._executions.values(), execution, minutes)
        location = found["ResultConfiguration"]["OutputLocation"] if found is not None else ""
        if found is None or self._store.file(location) is None:
            return False
        try:
            access.read_result(location)
        except QueryError:
            return False
        now = time.time()
        for name in ("StatementType", "SubstatementType", "ResultConfiguration", "_columns"):
            execution[name] = copy.deepcopy(found[name])
        taken = int((now - execution["Status"]["SubmissionDateTime"]) * 1000)
        execution["Statistics"] = {
            "EngineExecutionTimeInMillis": 0,
            "DataScannedInBytes": 0,
            "TotalExecutionTimeInMillis": taken,
            "QueryQueueTimeInMillis": 0,
            "ServiceProcessingTimeInMillis": taken,
            "ResultReuseInformation": {"ReusedPreviousResult": True},
        }
        execution["Status"] |= {"CompletionDateTime": now, "State": "SUCCEEDED"}
        self._athena._executions[execution["QueryExecutionId"]] = execution
        return True

    def _by_token(self, token: str, workgroup: str, sql: str) -> str | None:
        for query_id, execution in self._athena._executions.items():
            if execution.get("_token") == token:
                if execution["WorkGroup"] != workgroup or execution["Query"] != sql:
                    raise RequestError("Idempotent parameters do not match")
                return str(query_id)
        return None

    def _execute(
        self, execution: dict[str, Any], database: str, output: str, cutoff: int | None,
        handle: QueryHandle, access: Access,
    ) -> None:  # fmt: skip
        query_id, status = execution["QueryExecutionId"], execution["Status"]
        begun = time.time()
        state, reason, outcome, scanned = "FAILED", "", None, 0
        if not handle.cancelled:
            status["State"] = "RUNNING"
        try:
            access.write_result(f"{output}{query_id}.csv")
            parameters = execution.get("ExecutionParameters") or []
            sql = self._prepared.run(execution["Query"], execution["WorkGroup"], parameters)
            outcome = Outcome("UTILITY", "PREPARE") if sql is None else self._engine.execute(
                sql, database, query_id=query_id, output=output, cutoff=cutoff,
                handle=handle, access=access,
            )  # fmt: skip
            self._store_result(execution, outcome, output)
            state = "SUCCEEDED"
        except CutOff as error:
            # What AWS bills for a query that it cancels is at least what was allowed.
            state, reason, scanned = "CANCELLED", str(error), error.limit
        except QueryCancelled:
            state, reason = "CANCELLED", "Query cancelled by user"
        except QueryError as error:
            reason = str(error)
        except Exception as error:  # a bug in the engine must fail the query, not hang its client
            self._athena.logger.exception("Athena query %s", query_id)
            reason = f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}"
        ended = time.time()
        execution["Statistics"] = {
            "EngineExecutionTimeInMillis": int((ended - begun) * 1000),
            "DataScannedInBytes": outcome.scanned if outcome is not None else scanned,
            "TotalExecutionTimeInMillis": int((ended - status["SubmissionDateTime"]) * 1000),
            "QueryQueueTimeInMillis": int((begun - status["SubmissionDateTime"]) * 1000),
            "ServiceProcessingTimeInMillis": 0,
            "ResultReuseInformation": {"ReusedPreviousResult": False},
            **execution.get("_manifest", {}),
        }
        status["CompletionDateTime"] = ended
        if reason:
            status["StateChangeReason"] = reason[:2000]
            kind = 1 if reason.startswith(("GENERIC_INTERNAL", "EXCEEDED_MEMORY")) else 2
            status["AthenaError"] = {"ErrorCategory": kind, "ErrorMessage": reason[:2000], "Retryable": False}
        status["State"] = state  # last: whoever sees a final state sees everything else
        self._live.pop(query_id, None)

    def _store_result(self, execution: dict[str, Any], outcome: Outcome, output: str) -> None:
        query_id = execution["QueryExecutionId"]
        execution["StatementType"] = outcome.kind
        execution["SubstatementType"] = outcome.substatement
        execution["_columns"] = [column.info() for column in outcome.columns]
        stage = self._engine.stage_directory()
        if outcome.csv is not None:
            uri, file = f"{output}{query_id}.csv", outcome.csv
        elif outcome.substatement in ("CREATE_TABLE_AS_SELECT", "INSERT", "UNLOAD"):
            uri, file = f"{output}{query_id}-manifest.csv", stage / f"{query_id}-manifest"
            file.write_text("".join(f"{address}\n" for address in outcome.written))
            execution["_manifest"] = {"DataManifestLocation": uri}
            execution["_update_count"] = outcome.rows
        else:
            uri, file = f"{output}{query_id}.txt", stage / f"{query_id}.txt"
            file.write_text("".join(line + "\n" for line in outcome.lines))
        metadata = stage / f"{query_id}.metadata"
        metadata.write_text(json.dumps({"schema_version": 1, "columns": execution["_columns"]}))
        manifest = "_manifest" in execution
        location = f"{output}{query_id}" if manifest else uri
        self._store.put_file(uri, file, "text/plain" if uri.endswith(".txt") else "text/csv")
        self._store.put_file(f"{location}.metadata", metadata, "binary/octet-stream")
        execution["ResultConfiguration"] = {"OutputLocation": location}

    def _execution(self, request: dict[str, Any]) -> dict[str, Any]:
        query_id = request.get("QueryExecutionId") or ""
        found: dict[str, Any] | None = self._athena._executions.get(query_id)
        if found is None:
            raise RequestError(f"QueryExecution {query_id} was not found")
        status = found["Status"]
        # A query leaves `_live` after its final state is set: this order of looks cannot misjudge it.
        lost = query_id not in self._live and status["State"] not in _FINAL
        if lost:
            status["State"] = "FAILED"
            status["StateChangeReason"] = "The local endpoint was restarted while the query ran"
            status["CompletionDateTime"] = time.time()
        return found

    def get(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetQueryExecution."""
        execution = self._execution(request)
        return {"QueryExecution": {k: v for k, v in execution.items() if not k.startswith("_")}}

    def batch_get(self, request: dict[str, Any]) -> dict[str, Any]:
        """BatchGetQueryExecution."""
        found, missing = [], []
        for query_id in request.get("QueryExecutionIds") or []:
            try:
                found.append(self.get({"QueryExecutionId": query_id})["QueryExecution"])
            except RequestError as error:
                entry = {
                    "QueryExecutionId": query_id,
                    "ErrorCode": "INVALID_INPUT",
                    "ErrorMessage": str(error),
                }
                missing.append(entry)
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}

    def stop(self, request: dict[str, Any]) -> dict[str, Any]:
        """StopQueryExecution: no effect on a query that has ended."""
        execution = self._execution(request)
        handle = self._live.get(execution["QueryExecutionId"])
        if handle is not None:
            handle.stop()
        return {}

    def list(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListQueryExecutions, newest first."""
        name = request.get("WorkGroup") or "primary"
        self._workgroup(name)
        executions = [e for e in self._athena._executions.values() if e.get("WorkGroup") == name]
        executions.sort(key=lambda e: e["Status"]["SubmissionDateTime"], reverse=True)
        start = _offset(request.get("NextToken"))
        size = min(int(request.get("MaxResults") or 50), 50)
        page = [e["QueryExecutionId"] for e in executions[start : start + size]]
        more = {"NextToken": str(start + size)} if start + size < len(executions) else {}
        return {"QueryExecutionIds": page, **more}

    def results(self, request: dict[str, Any], access: Access) -> dict[str, Any]:
        """GetQueryResults: a page of the result file; the first row of a query's first page is the header."""
        execution = self._execution(request)
        state = execution["Status"]["State"]
        if state != "SUCCEEDED":
            detail = execution["Status"].get("StateChangeReason", "")
            raise RequestError(
                f"Query did not finish successfully. Final query state: {state}. {detail}".strip()
                if state in _FINAL
                else f"Query has not yet finished. Current state: {state}"
            )
        limit = int(request.get("MaxResults") or 1000)
        if not 1 <= limit <= 1000:
            raise RequestError("MaxResults is more than maximum allowed length 1000.")
        columns = execution.get("_columns") or []
        metadata = {"ColumnInfo": columns}
        location = execution["ResultConfiguration"]["OutputLocation"]
        update = {"UpdateCount": execution.get("_update_count", 0)}
        try:
            access.read_result(location)
        except QueryError as error:
            raise RequestError(str(error)) from error
        if not location.endswith((".csv", ".txt")):
            return {**update, "ResultSet": {"Rows": [], "ResultSetMetadata": metadata}}
        file = self._store.file(location)
        if file is None:
            raise RequestError(f"Could not find results {location}")
        offset = _offset(request.get("NextToken"))
        rows: list[list[str | None]]
        if location.endswith(".csv"):
            rows, following = read_page(file, offset, limit)
        else:
            lines = file.read_text().splitlines()
            rows = [[line] for line in lines[offset : offset + limit]]
            following = offset + limit if offset + limit < len(lines) else None
        data = [{"Data": [{} if v is None else {"VarCharValue": v} for v in row]} for row in rows]
        more = {"NextToken": str(following)} if following is not None else {}
        return {**update, "ResultSet": {"Rows": data, "ResultSetMetadata": metadata}, **more}

    def runtime_statistics(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetQueryRuntimeStatistics: time line and bytes; there are no stages."""
        statistics = self._execution(request)["Statistics"]
        names = ("QueryQueueTimeInMillis", "EngineExecutionTimeInMillis", "TotalExecutionTimeInMillis")
        line = {name: statistics.get(name, 0) for name in names}
        rows = {"InputBytes": statistics.get("DataScannedInBytes", 0)}
        return {"QueryRuntimeStatistics": {"Timeline": line, "Rows": rows}}


def _access(headers: Mapping[str, str], query_params: Any) -> Access:
    """What the caller of a request may touch; its policies are read now and hold for the query."""
    from ministack import app
    from ministack.core.responses import get_account_id, get_region

    caller = Caller.of_request(headers, query_params) if app.AUTH else None
    return Access(caller, f"{get_region()}:{get_account_id()}")


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    if not token.isdigit():
        raise RequestError("NextToken is invalid")
    return int(token)


_service: AthenaService | None = None


def service() -> AthenaService:
    """Return the service of this process, made at the first call. Its files are below STATE_DIR."""
    global _service
    if _service is None:
        from ministack.core import persistence

        work = Path(os.path.realpath(persistence.STATE_DIR)) / "athena-work"
        _service = AthenaService(work, memory=os.environ.get("ENGAGE_ATHENA_MEMORY", "1GB"))
    return _service


async def handle(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Any
) -> Response:
    """Answer an Athena call: the entry for ministack.app.SERVICE_HANDLERS["athena"]."""
    return await service().handle(method, path, headers, body, query_params)


OPERATIONS = {
    "athena": real(
        "BatchGetQueryExecution", "GetQueryExecution", "GetQueryResults", "GetWorkGroup",
        "ListQueryExecutions", "StartQueryExecution", "StopQueryExecution",
    )
    | recorded("GetDataCatalog", why="there is the one catalogue, AwsDataCatalog, of Glue"),
}  # fmt: skip
