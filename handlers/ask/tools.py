"""The tools that a model may call: read-only SQL over the predictions, search in the documents, one
prediction.

A tool that fails gives an error result to the model, which may correct itself; it never ends the question.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlguard
from common import athena
from common.aws import client, error_code
from common.errors import HandlerError
from common.settings import Settings
from description import Published, describe

QUERY, SEARCH, PREDICTION = "query_predictions", "search_knowledge", "get_prediction"
PURPOSES = ANSWER, LOOK_UP = "answer", "look-up"
"""What a query is for: its rows are what the answer rests on, or help to understand the question."""
_RESULTS = 5


class ToolError(Exception):
    """A tool call that did not work; the message goes back to the model."""


@dataclass
class Evidence:
    """What the tools did while one question was answered: shown to the user with the answer."""

    sql: list[dict[str, Any]] = field(default_factory=list)
    sources: dict[str, float] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)


def specifications(published: Published) -> list[dict[str, Any]]:
    """Return the toolConfig tools for what is published."""
    return [
        _spec(
            QUERY,
            "sql",
            "One Trino SELECT statement with a LIMIT of at most 200.",
            describe(published),
            {
                "purpose": {
                    "type": "string",
                    "enum": list(PURPOSES),
                    "description": f"{LOOK_UP} when the query only finds out which values there are.",
                }
            },
        ),
        _spec(
            SEARCH,
            "query",
            "What to look for, in English.",
            "Searches the knowledge documents: definitions, data dictionary, how the models work and how "
            "good they are.",
        ),
        _spec(
            PREDICTION,
            "customer_id",
            "The customer's id, as the question has it.",
            "Returns one customer's churn probability, expected engagement and value, with three reasons and "
            "what the numbers mean.",
        ),
    ]


def _spec(
    name: str, argument: str, meaning: str, description: str, optional: dict[str, Any] | None = None
) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {argument: {"type": "string", "description": meaning}, **(optional or {})},
        "required": [argument],
    }
    return {"toolSpec": {"name": name, "description": description, "inputSchema": {"json": schema}}}


class Toolbox:
    """Runs the tool calls of one question. `seconds_left` tells how long a query may still take."""

    def __init__(self, settings: Settings, published: Published, seconds_left: Callable[[], float]) -> None:
        self._settings = settings
        self._published = published
        self._seconds_left = seconds_left
        self.evidence = Evidence()
        self._tools: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            QUERY: self._query,
            SEARCH: self._search,
            PREDICTION: self._prediction,
        }

    def specifications(self) -> list[dict[str, Any]]:
        """The tools as the model is told of them."""
        return specifications(self._published)

    def run(self, use: dict[str, Any]) -> dict[str, Any]:
        """Run one toolUse block and return its toolResult block."""
        name, arguments = str(use.get("name")), use.get("input")
        result: dict[str, Any] = {"toolUseId": use["toolUseId"]}
        call = {"tool": name, "input": arguments, "ok": True}
        try:
            if name not in self._tools:
                raise ToolError(f"There is no tool {name}; there are: {', '.join(self._tools)}.")
            if not isinstance(arguments, dict):
                raise ToolError("The input of a tool must be an object.")
            content = self._tools[name](arguments)
        except (ToolError, HandlerError, sqlguard.RejectedSqlError) as error:
            call |= {"ok": False, "error": str(error)}
            content = {"error": str(error)}
            result["status"] = "error"
        self.evidence.calls.append(call)
        return {"toolResult": {**result, "content": [{"json": content}]}}

    def _query(self, arguments: dict[str, Any]) -> dict[str, Any]:
        sql = sqlguard.check(arguments.get("sql", ""), self._published.columns)
        left = self._seconds_left()
        if left < 1:
            raise ToolError("There is no time left for another query.")
        found = athena.run(
            sql,
            self._settings.lake_database,
            workgroup=self._settings.workgroup,
            max_rows=sqlguard.MAX_ROWS,
            timeout=left,
        )
        self.evidence.sql.append(
            {
                "sql": sql,
                "purpose": LOOK_UP if arguments.get("purpose") == LOOK_UP else ANSWER,
                "query_id": found.id,
                "rows": len(found.rows),
                "scanned_bytes": found.scanned_bytes,
            }
        )
        rows = [[_plain(row[column]) for column in found.columns] for row in found.rows]
        return {"columns": found.columns, "rows": rows, "row_count": len(rows), "truncated": found.truncated}

    def _search(self, arguments: dict[str, Any]) -> dict[str, Any]:
        query = str(arguments.get("query", "")).strip()
        if not query:
            raise ToolError("The query is empty.")
        answer = client("bedrock-agent-runtime").retrieve(
            knowledgeBaseId=self._settings.text("KNOWLEDGE_BASE_ID"),
            retrievalQuery={"text": query[:1000]},
            retrievalConfiguration={"vectorSearchConfiguration": {"numberOfResults": _RESULTS}},
        )
        passages = []
        for one in answer.get("retrievalResults", []):
            uri = one.get("location", {}).get("s3Location", {}).get("uri", "")
            key, score = uri.removeprefix(f"s3://{self._settings.lake_bucket}/"), float(one.get("score", 0))
            self.evidence.sources[key] = max(score, self.evidence.sources.get(key, score))
            passages.append({"text": one["content"]["text"], "source": key, "score": round(score, 4)})
        return {"results": passages}

    def _prediction(self, arguments: dict[str, Any]) -> dict[str, Any]:
        customer = str(arguments.get("customer_id", "")).strip()
        if not customer:
            raise ToolError("The customer_id is empty.")
        event = {
            "httpMethod": "POST",
            "path": "/predict",
            "resource": "/predict",
            "headers": {"Content-Type": "application/json"},
            "pathParameters": None,
            "queryStringParameters": None,
            "body": json.dumps({"customer_ids": [customer]}),
            "isBase64Encoded": False,
            "requestContext": {},
        }
        name = self._settings.optional("PREDICT_FUNCTION") or f"engage-{self._settings.env}-predict"
        try:
            answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
        except client("lambda").exceptions.ClientError as error:
            raise ToolError(f"The prediction function cannot be called ({error_code(error)}).") from error
        payload = json.loads(answer["Payload"].read() or b"{}")
        if answer.get("FunctionError"):
            raise ToolError("The prediction function failed.")
        body = json.loads(payload.get("body") or "{}")
        if payload.get("statusCode") not in (200, 404) or (
            payload["statusCode"] == 404 and "not_found" not in body
        ):
            raise ToolError(str((body.get("error") or {}).get("message") or "The prediction was refused."))
        return {
            "predictions": body.get("predictions", []),
            "not_found": body.get("not_found", []),
            "about": body.get("about"),
        }


def _plain(value: Any) -> Any:
    """A cell as JSON carries it."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return float(value) if isinstance(value, Decimal) else str(value)
