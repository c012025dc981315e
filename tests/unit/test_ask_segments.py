"""Questions about segments: answered from their table, with what a segment is, is worth, and needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlglot
from engage_ml import segments as rules
from engage_ml.data_contract import BOOLEAN, Attribute, DataContract

from engage_cli.local.bedrock import grammar, planner, statements
from tests.unit.ask_support import AS_OF, CLUB, SHOP, described, words_of

VALUES = {"country": ("Germany", "France"), "segment": rules.NAMES}
LOYAL = "Ask for a recommendation; offer the next plan."


def parsed(question: str, contract: DataContract = SHOP) -> grammar.Intent:
    intent = grammar.parse(question, words_of(contract))
    return grammar.parse(question, words_of(contract), VALUES) if intent.kind == "lookup" else intent


# question, fragments of its SQL
FROM_SEGMENTS = [
    ("valuable_at_risk", ("segment IN ('valuable_at_risk')",)),
    ("what does dormant mean", ("segment IN ('dormant')",)),
    ("What is meant by loyal?", ("segment IN ('loyal')",)),
    ("what does valuable mean", ("segment IN ('valuable')",)),
    ("how many customers are valuable and at risk, and what is at stake?", ("('valuable_at_risk')",)),
    ("how many valuable customers at risk are there?", ("('valuable_at_risk')",)),
    ("which segment is worth the most?", ("expected_value", "ORDER BY expected_value DESC")),
    ("what is the most valuable segment?", ("ORDER BY expected_value DESC",)),
    ("which segment has the lowest churn?", ("ORDER BY mean_churn_probability ASC",)),
    ("which segment is the largest?", ("ORDER BY customers DESC",)),
    ("what should I do with the loyal ones?", ("segment IN ('loyal')",)),
    ("what should we do about customers at risk?", ("('at_risk', 'valuable_at_risk')",)),
    ("what should I do?", ("suggested_action", "ORDER BY value_at_stake DESC")),
    ("what is the best action for new customers?", ("segment IN ('new')",)),
    ("what is at stake", ("value_at_stake", "ORDER BY value_at_stake DESC")),
    ("how many new customers are there?", ("segment IN ('new')",)),
    ("how many customers are drifting or dormant?", ("('dormant', 'drifting')",)),
    ("What share of customers is dormant?", ("segment IN ('dormant')", "share")),
    ("list the segments", ("FROM segments",)),
]
# Other groups and conditions are not in the table of the segments.
FROM_PREDICTIONS = [
    ("what is at stake in Germany?", ("sum(churn_probability * greatest(", "country = 'Germany'")),
    ("which countries have the most at stake?", ("total_value_at_stake DESC", "GROUP BY country")),
    ("top 5 customers by value at stake", ("AS value_at_stake", "ORDER BY value_at_stake DESC", "LIMIT 5")),
    ("how many customers have more than 100 at stake?", ("value_12w * 1.0E0) > 100",)),
    ("valuable_at_risk in Germany", ("count(*)", "segment = 'valuable_at_risk'", "country = 'Germany'")),
    ("dormant customers by country", ("segment = 'dormant'", "GROUP BY country")),
    ("who are the loyal customers?", ("segment = 'loyal'", "customer_id")),
    ("which customers are drifting?", ("segment = 'drifting'", "customer_id")),
    ("average expected value by segment", ("avg(expected_value)", "GROUP BY segment")),
    ("what is at stake with customers at risk?", ("sum(churn_probability * greatest(", "risk_band = 'high'")),
    ("what is at stake with customers likely to leave?", ("sum(churn_prob", "risk_band = 'high'")),
    ("most valuable customers at risk", ("ORDER BY expected_value DESC", "risk_band = 'high'")),
]


@pytest.mark.parametrize(("question", "fragments"), FROM_SEGMENTS, ids=[one[0] for one in FROM_SEGMENTS])
def test_a_question_about_segments_reads_their_table(question: str, fragments: tuple[str, ...]) -> None:
    intent = parsed(question)
    assert intent.kind == "segments", intent
    sql = statements.statement(intent, words_of(SHOP))
    assert "FROM segments" in sql
    assert f"as_of = '{AS_OF}'" in sql
    assert "value_at_stake" in sql
    for fragment in fragments:
        assert fragment in sql, sql
    assert isinstance(sqlglot.parse_one(sql, read="athena"), sqlglot.exp.Select)


@pytest.mark.parametrize(
    ("question", "fragments"), FROM_PREDICTIONS, ids=[one[0] for one in FROM_PREDICTIONS]
)
def test_a_question_about_other_groups_reads_the_predictions(
    question: str, fragments: tuple[str, ...]
) -> None:
    intent = parsed(question)
    assert intent.kind not in ("segments", "unknown", "lookup"), intent
    sql = statements.statement(intent, words_of(SHOP))
    assert "FROM predictions" in sql
    for fragment in fragments:
        assert fragment in sql, sql


@pytest.mark.parametrize(
    "question", ["most loyal customers", "loyal telegraph users", "segment of telegraphs"]
)
def test_a_word_beside_a_segment_is_never_ignored(question: str) -> None:
    assert parsed(question).kind == "unknown", parsed(question)


def test_a_table_without_segments_has_no_words_for_them() -> None:
    table = "Table predictions(customer_id varchar, churn_probability double)"
    words = planner.offered(request("", description=table)).lexicon
    for question in ("what is at stake?", "how many dormant customers are there?"):
        assert grammar.parse(question, words, {}).kind == "unknown"


def request(question: str, *exchanged: dict[str, Any], description: str) -> dict[str, Any]:
    schema = {"json": {"required": ["sql"], "properties": {"sql": {}, "purpose": {"enum": ["look-up"]}}}}
    spec = {"toolSpec": {"name": "query", "description": description, "inputSchema": schema}}
    said = {"role": "user", "content": [{"text": question}]}
    return {"messages": [said, *exchanged], "toolConfig": {"tools": [spec]}}


def answer(question: str, rows: list[list[Any]], contract: DataContract = SHOP) -> str:
    """The planner's answer when the table of segments gives rows of name, customers, value and action."""
    description, exchanged = described(contract), list[dict[str, Any]]()
    names = ["segment", "customers", "share", "value_at_stake", "suggested_action", "as_of"]
    told = {"columns": names, "rows": [[n, c, 0.1, v, a, AS_OF] for n, c, v, a in rows]}
    while (said := planner.reply(request(question, *exchanged, description=description))).tool_calls:
        arguments = said.tool_calls[0].arguments
        looks_up = "GROUPING SETS" in arguments["sql"]
        assert looks_up or "FROM segments" in arguments["sql"]
        assert (arguments.get("purpose") == "look-up") == looks_up, "the answer rests on the other query"
        found = {"columns": ["country", "customers"], "rows": [["EIRE", 1]]} if looks_up else told
        use = {"toolUse": {"toolUseId": "1", "name": "query", "input": arguments}}
        back = {"toolResult": {"toolUseId": "1", "content": [{"json": found}]}}
        exchanged += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [back]}]
    return said.text


def test_a_segment_is_told_with_its_rule_its_size_what_is_at_stake_and_what_to_do() -> None:
    text = answer("what should I do with the loyal ones?", [["loyal", 1200, 345.6, LOYAL]])
    rule = next(one.rule for one in rules.SEGMENTS if one.name == "loyal")
    assert text.startswith(
        f"loyal ({rule}): 1,200 customers (10.0 % of all), 345.60 GBP at stake (as of {AS_OF}). "
        f"What to do: {LOYAL}"
    )
    assert "Value at stake: churn probability times what the customer is worth" in text


def test_what_is_at_stake_is_a_total_with_its_largest_parts() -> None:
    text = answer("what is at stake?", [["at_risk", 10, 1000, "Mail."], ["new", 5, 500.5, "Welcome."]])
    assert text.startswith(
        "1,500.50 GBP are at stake with 15 customers, the largest parts in at_risk (1,000.00 GBP), then new "
        f"(500.50 GBP), as of {AS_OF}."
    )
    assert "Mail." in text, "the table says what to do"


def test_value_without_money_is_at_stake_in_its_own_unit() -> None:
    assert "7.00 visits are at stake" in answer("what is at stake?", [["new", 5, 7, "Welcome."]], CLUB)


def test_what_is_at_stake_is_computed_as_the_table_of_segments_computes_it() -> None:
    sql = statements.statement(parsed("what is at stake in Germany?"), words_of(SHOP))
    assert rules.at_stake_sql(SHOP) in sql
    assert rules.at_stake_sql(SHOP) in rules.segments_sql(SHOP, "x", "run", "m")


def test_a_name_that_the_data_use_themselves_is_a_segment_only_when_it_is_called_one() -> None:
    words, values = words_of(CLUB), {"membership_type": ("loyal", "basic"), "segment": rules.NAMES}
    assert grammar.parse("churn of loyal customers", words).kind == "lookup", "it may be a value"
    own = grammar.parse("churn of loyal customers", words, values)
    assert [one.sql for one in own.filters] == ["membership_type = 'loyal'"]
    named = grammar.parse("churn of the segment loyal", words, values)
    assert (named.kind, named.segments) == ("segments", ("loyal",))
    flag = words_of(replace(CLUB, attributes=(Attribute("dormant", BOOLEAN),)))
    assert [one.sql for one in grammar.parse("churn of dormant customers", flag, {}).filters] == [
        "dormant = true"
    ]
