"""The ask handler: SQL guard, tool-use loop, and the API's answers."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
OWN = ("app", "sqlguard", "tools", "conversation")


@pytest.fixture(autouse=True)
def handler_path() -> Iterator[None]:
    """Handlers import their neighbours by plain names, as in the zip; other handlers use the same names."""
    sys.path[:0] = [str(ROOT / "handlers" / "ask"), str(ROOT / "handlers")]
    before = {name: sys.modules.pop(name, None) for name in OWN}
    yield
    del sys.path[:2]
    for name, module in before.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT country, count(*) AS n FROM predictions GROUP BY country",
        "SELECT approx_percentile(expected_value, 0.5) FROM qa_sample",
        "WITH x AS (SELECT * FROM predictions) SELECT plan, row_number() OVER (ORDER BY plan) FROM x",
        "SELECT count(*) FILTER (WHERE risk_band = 'high'), regexp_replace(reason_1, '[0-9]+', 'n') FROM "
        "predictions GROUP BY 2",
        "SELECT a.plan FROM predictions a JOIN qa_sample b ON a.customer_id = b.customer_id",
        "SELECT date_diff('day', date '2026-01-01', current_date), try_cast(plan AS bigint), "
        "truncate(1.2) FROM predictions",
        "SELECT country FROM predictions -- a comment\nLIMIT 5",
    ],
)
def test_a_plain_select_passes_with_a_limit(sql: str) -> None:
    import sqlguard

    assert "LIMIT" in sqlguard.check(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE predictions",
        "SELECT 1; DROP TABLE predictions",
        "SELECT * FROM predictions; SELECT 1",
        "DELETE FROM predictions",
        "INSERT INTO predictions VALUES (1)",
        "UPDATE predictions SET plan = 'x'",
        "CREATE TABLE x AS SELECT * FROM predictions",
        "ALTER TABLE predictions DROP PARTITION (as_of = 'x')",
        "UNLOAD (SELECT * FROM predictions) TO 's3://x'",
        "MSCK REPAIR TABLE predictions",
        "SHOW TABLES",
        "EXPLAIN SELECT * FROM predictions",
        "PREPARE x FROM SELECT 1",
        "EXECUTE x",
        "VALUES (1)",
        "SELECT 1",
        "SELECT * FROM customers",
        "SELECT * FROM engage_dev_raw.customers",
        "SELECT * FROM engage_dev.predictions",
        "SELECT * FROM awsdatacatalog.engage_dev.predictions",
        'SELECT * FROM "predictions$partitions"',
        'SELECT "$path" FROM predictions',
        "SELECT $1 FROM predictions",
        "SELECT * FROM information_schema.tables",
        "SELECT (SELECT count(*) FROM customers) FROM predictions",
        "SELECT * FROM predictions WHERE customer_id IN (SELECT customer_id FROM customers)",
        "SELECT * FROM predictions UNION SELECT * FROM predictions",
        "WITH predictions AS (SELECT 1) SELECT * FROM predictions",
        "WITH RECURSIVE r(n) AS (SELECT 1 FROM predictions UNION ALL SELECT n + 1 FROM r) SELECT * FROM r",
        "WITH x AS (SELECT * FROM customers) SELECT * FROM x",
        "SELECT * FROM predictions CROSS JOIN qa_sample",
        "SELECT * FROM predictions, qa_sample",
        "SELECT * FROM predictions, UNNEST(sequence(1, 1000000))",
        "SELECT read_csv('/etc/passwd') FROM predictions",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM TABLE(system.query('x'))",
        "SELECT * FROM 's3://b/x.parquet'",
        "SELECT getenv('HOME') FROM predictions",
        "SELECT repeat('x', 1000000000) FROM predictions",
        "SELECT sequence(1, 100000000) FROM predictions",
        "SELECT current_user FROM predictions",
        "SELECT version() FROM predictions",
        "SELECT rand() FROM predictions",
        "SELECT * INTO y FROM predictions",
        "SELECT * FROM predictions FOR UPDATE",
        "SELECT * FROM predictions TABLESAMPLE BERNOULLI (10)",
        "SELECT * FROM predictions LIMIT 1000",
        "SELECT * FROM predictions LIMIT ALL",
        "SELECT * FROM predictions FETCH FIRST 500 ROWS ONLY",
        "",
        "garbage ((",
        "SELECT * FROM predictions WHERE " + " OR ".join(["plan = 'x'"] * 2000),
        "SELECT " + "(" * 80 + "1" + ")" * 80 + " FROM predictions",
    ],
)
def test_everything_else_is_rejected(sql: str) -> None:
    import sqlguard

    with pytest.raises(sqlguard.RejectedSqlError):
        sqlguard.check(sql)


class FakeToolbox:
    def __init__(self) -> None:
        from tools import Evidence

        self.evidence = Evidence()
        self.uses: list[dict[str, Any]] = []

    def run(self, use: dict[str, Any]) -> dict[str, Any]:
        self.uses.append(use)
        return {"toolResult": {"toolUseId": use["toolUseId"], "content": [{"json": {"rows": []}}]}}


def reply(stop: str, *content: dict[str, Any], **extra: Any) -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": list(content)}},
        "stopReason": stop,
        "usage": {"inputTokens": 10, "outputTokens": 2},
        "metrics": {"latencyMs": 5},
        **extra,
    }


USE = {"toolUse": {"toolUseId": "t1", "name": "query_predictions", "input": {"sql": "SELECT 1"}}}
THOUGHT = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}


def conversation(
    replies: list[dict[str, Any]], clock: Callable[[], float] = lambda: 0.0
) -> tuple[Any, list[Any]]:
    from conversation import Conversation

    calls: list[Any] = []

    def converse(**request: Any) -> dict[str, Any]:
        calls.append(json.loads(json.dumps(request)))
        return replies[len(calls) - 1]

    return Conversation(converse, "model", lambda _left: FakeToolbox(), ("gr", "1"), clock), calls


def test_the_loop_sends_the_assistant_message_back_unchanged_with_its_reasoning() -> None:
    asked, calls = conversation(
        [reply("tool_use", THOUGHT, {"text": "I look."}, USE), reply("end_turn", THOUGHT, {"text": "42"})]
    )
    outcome = asked.ask("how many?")
    assert outcome.answer == "42"
    assert calls[1]["messages"][1]["content"] == [THOUGHT, {"text": "I look."}, USE]
    assert calls[1]["messages"][2]["content"][0]["toolResult"]["toolUseId"] == "t1"
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens, outcome.turns) == (20, 4, 2)
    assert "temperature" not in calls[0]["inferenceConfig"]
    assert "toolChoice" not in calls[0]["toolConfig"]
    assert calls[0]["guardrailConfig"] == {"guardrailIdentifier": "gr", "guardrailVersion": "1"}


def test_the_loop_ends_after_six_turns_or_twenty_five_seconds() -> None:
    from conversation import UnansweredError

    asked, calls = conversation([reply("tool_use", USE)] * 9)
    with pytest.raises(UnansweredError, match="6 steps"):
        asked.ask("for ever?")
    assert len(calls) == 6
    seconds = iter(range(0, 1000, 13))
    asked, _ = conversation([reply("tool_use", USE)] * 9, lambda: float(next(seconds)))
    with pytest.raises(UnansweredError, match="25 seconds"):
        asked.ask("slowly?")


def test_the_model_that_answered_is_named_by_the_trace() -> None:
    trace = {"promptRouter": {"invokedModelId": "engage-local-planner"}}
    asked, _ = conversation([reply("end_turn", {"text": "yes"}, trace=trace)])
    assert asked.ask("who?").model_id == "engage-local-planner"


def test_rejected_sql_goes_back_to_the_model_as_an_error() -> None:
    from common.settings import Settings
    from tools import Toolbox

    toolbox = Toolbox(Settings({}), lambda: 20.0)
    result = toolbox.run(
        {"toolUseId": "t", "name": "query_predictions", "input": {"sql": "DROP TABLE predictions"}}
    )
    assert result["toolResult"]["status"] == "error"
    assert "Only a SELECT" in result["toolResult"]["content"][0]["json"]["error"]
    assert toolbox.evidence.calls[0]["ok"] is False
    unknown = toolbox.run({"toolUseId": "t", "name": "shell", "input": {}})
    assert "no tool shell" in unknown["toolResult"]["content"][0]["json"]["error"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[]",
        '{"q": 1}',
        '{"question": "hi"}',
        json.dumps({"question": "x" * 501}),
        '{"question": 5}',
    ],
)
def test_a_bad_request_is_refused_with_its_reason(body: str) -> None:
    import app

    answer = app.handler({"httpMethod": "POST", "body": body}, None)
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["error"]["code"] == "BadRequest"


def test_a_missing_setting_is_a_clean_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import app

    for name in ("MODEL_ID", "GUARDRAIL_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    answer = app.handler({"body": json.dumps({"question": "how many customers?"})}, None)
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["error"]["code"] == "Misconfigured"


def test_addresses_are_masked_in_logs() -> None:
    import app

    assert app.masked("is ann.b@example.com at risk?") == "is [e-mail] at risk?"


def test_the_tools_describe_the_columns_of_the_contract() -> None:
    from engage_ml.data_contract import DEFAULT
    from engage_ml.prediction_table import prediction_table
    from tools import COLUMNS

    kinds = {"string": "varchar", "double": "double", "bigint": "bigint", "boolean": "boolean"}
    assert (
        *((name, kinds[kind]) for name, kind in prediction_table(DEFAULT)),
        ("as_of", "varchar"),
    ) == COLUMNS


def test_the_planner_and_the_handler_meet_and_every_planned_query_passes_the_guard() -> None:
    import sqlguard
    from tools import specifications

    from engage_cli.local.bedrock import planner, statements
    from engage_cli.local.bedrock.grammar import parse

    offered = planner.offered({"toolConfig": {"tools": specifications()}, "messages": []})
    assert offered.table == "predictions"
    questions = (
        "churn by country",
        "top 5 customers by value",
        "share of customers at risk by plan",
        "why at risk?",
    )
    for question in questions:
        intent = parse(question)
        assert statements.columns_of(intent) <= offered.columns
        sqlguard.check(statements.statement(intent, "predictions"))
    sqlguard.check(statements.lookup("predictions"))
