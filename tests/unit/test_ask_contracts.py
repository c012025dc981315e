"""Questions about data of any contract: a shop in pounds, a club without money, contracts at random."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from engage_ml import data_contract
from engage_ml.data_contract import DEFAULT, RESERVED, Attribute, DataContract, Measure
from hypothesis import given, settings
from hypothesis import strategies as st

from engage_cli.local.bedrock import answers, columns, converse, examples, grammar, planner, statements
from tests.unit.ask_support import AS_OF, CLUB, SHOP, described, words_of

SHOP_VALUES = {"country": ("United Kingdom", "Germany", "EIRE", "France")}
CLUB_VALUES = {
    "membership_type": ("gold", "silver", "a"),
    "home_city": ("Paris", "Gold Coast"),
    "order": ("alpha",),
    "status": ("active", "cancelled"),
}
DEFAULT_VALUES = {"device": ("android", "ios", "web"), "country": ("DE", "US")}


def parsed(question: str, contract: DataContract) -> grammar.Intent:
    """As the planner does: without values first, with them when words are left over."""
    values = {"shop": SHOP_VALUES, "club": CLUB_VALUES, "synthetic": DEFAULT_VALUES}[contract.name]
    intent = grammar.parse(question, words_of(contract))
    return grammar.parse(question, words_of(contract), values) if intent.kind == "lookup" else intent


ANSWERED = [
    (SHOP, "Which countries have the highest churn risk?", ("avg(churn_probability)", "GROUP BY country")),
    (SHOP, "total expected value by country", ("sum(expected_value)", "GROUP BY country")),
    (SHOP, "How many customers in the UK are at risk?", ("country = 'United Kingdom'",)),
    (SHOP, "compare Germany and EIRE", ("country IN ('Germany', 'EIRE')", "GROUP BY country")),
    (SHOP, "average spend by country", ("avg(value_12w)",)),
    (SHOP, "expected spend by market", ("avg(expected_value)", "GROUP BY country")),
    (SHOP, "churn in the next 12 weeks", ("avg(churn_probability)",)),
    (SHOP, "churn in the next quarter", ("avg(churn_probability)",)),
    (SHOP, "how many customers have a value over £100?", ("expected_value > 100",)),
    (CLUB, "churn by membership", ("GROUP BY membership_type",)),
    (CLUB, "Which home cities have the highest churn?", ("GROUP BY home_city",)),
    (CLUB, "churn by city", ("GROUP BY home_city",)),
    (CLUB, "churn by order", ('GROUP BY "order"',)),
    (CLUB, "churn of order alpha", ("\"order\" = 'alpha'",)),
    (CLUB, "churn of customers in Gold Coast", ("home_city = 'Gold Coast'",)),
    (CLUB, "churn of gold customers", ("membership_type = 'gold'",)),
    (CLUB, "average size by membership", ("avg(size)", "GROUP BY membership_type")),
    (CLUB, "how many customers have a size over 3", ("size > 3",)),
    (CLUB, "churn with the newsletter", ("newsletter = true",)),
    (CLUB, "churn of customers without newsletter", ("newsletter = false",)),
    (CLUB, "churn by newsletter", ("GROUP BY newsletter",)),
    (CLUB, "churn by city and newsletter", ("GROUP BY home_city, newsletter",)),
    (
        CLUB,
        "share of customers with newsletter by city",
        ("CASE WHEN newsletter = true", "GROUP BY home_city"),
    ),
    (CLUB, "how many customers have status active", ("status = 'active'",)),
    (CLUB, "expected visits by city", ("avg(expected_value)",)),
    (CLUB, "value in the next 24 weeks by city", ("avg(expected_value)",)),
    (DEFAULT, "What share of customers on android is at risk?", ("device = 'android'",)),
    (DEFAULT, "customers who agreed to marketing mail by plan", ("marketing_opt_in = true", "GROUP BY plan")),
    (DEFAULT, "churn by channel", ("GROUP BY acquisition_channel",)),
    (DEFAULT, "churn by segment", ("mean_churn_probability", "FROM segments")),
    (DEFAULT, "churn by segment and plan", ("GROUP BY segment, plan",)),
    (SHOP, "average expected value by segment", ("avg(expected_value)", "GROUP BY segment")),
    (SHOP, "total expected value by segment", ("expected_value", "FROM segments")),
    (DEFAULT, "by how much does churn differ between android and web?", ("device IN ('android', 'web')",)),
]
REFUSED = [
    (SHOP, "Which plans have the highest churn?", "plans"),
    (SHOP, "churn by device", "device"),
    (SHOP, "churn in the next 4 weeks", "that horizon"),
    (SHOP, "how many customers have a value over $100?", "$"),
    (SHOP, "churn in Ireland", "ireland"),
    (CLUB, "revenue by city", "revenue"),
    (CLUB, "total spend by city", "spend"),
    (CLUB, "how many customers have a value over £5", "£"),
    (CLUB, "value in the next 12 weeks", "that horizon"),
    (DEFAULT, "churn by level", "level"),
    (DEFAULT, "churn by company", "company"),
    (DEFAULT, "What share of customers on mobile is at risk?", "mobile"),
]


@pytest.mark.parametrize(("contract", "question", "fragments"), ANSWERED, ids=[one[1] for one in ANSWERED])
def test_a_question_in_the_words_of_the_data_becomes_its_query(
    contract: DataContract, question: str, fragments: tuple[str, ...]
) -> None:
    intent = parsed(question, contract)
    assert intent.kind not in ("unknown", "lookup"), intent.unknown_words
    sql = statements.statement(intent, words_of(contract))
    for fragment in fragments:
        assert fragment in sql, sql


@pytest.mark.parametrize(("contract", "question", "word"), REFUSED, ids=[one[1] for one in REFUSED])
def test_words_that_are_not_of_the_data_are_refused(contract: DataContract, question: str, word: str) -> None:
    intent = parsed(question, contract)
    assert intent.kind == "unknown", intent
    assert any(word in one for one in intent.unknown_words), intent.unknown_words


def test_a_word_that_two_columns_claim_belongs_to_neither() -> None:
    both = (Attribute("contract_type"), Attribute("billing_contract", meaning="contract"), Attribute("churn"))
    words = words_of(replace(CLUB, attributes=both))
    by_column = {one.column: one.words for one in words.dimensions}
    assert "contract type" in by_column["contract_type"]
    assert "contract" not in (*by_column["contract_type"], *by_column["billing_contract"])
    # "Churn" has a meaning of its own here, whatever a column is called.
    assert "churn" not in by_column["churn"]


def test_a_value_that_two_columns_have_needs_the_word_of_its_column() -> None:
    values = CLUB_VALUES | {"order": ("gold",)}
    words = words_of(CLUB)
    assert grammar.parse("churn of gold customers", words, values).unknown_words == ("gold",)
    chosen = grammar.parse("churn of order gold", words, values)
    assert [one.sql for one in chosen.filters] == ["\"order\" = 'gold'"]


def converse_with(contract: DataContract, question: str, *results: Any) -> str:
    """The planner's answer when its tool calls give `results`, one for each turn."""
    schema = {"json": {"required": ["sql"]}}
    spec = {"name": "query_predictions", "description": described(contract), "inputSchema": schema}
    config = {"tools": [{"toolSpec": spec}]}
    messages: list[dict[str, Any]] = [{"role": "user", "content": [{"text": question}]}]
    for result in results:
        request = {"messages": messages, "toolConfig": config}
        said = planner.reply(request)
        assert said.tool_calls, said.text
        message = converse.response(request, said, 1, {})["output"]["message"]
        back = {"toolResult": {"toolUseId": said.tool_calls[0].id, "content": [{"json": result}]}}
        messages = [*messages, message, {"role": "user", "content": [back]}]
    return planner.reply({"messages": messages, "toolConfig": config}).text


def test_an_answer_names_the_currency_and_the_horizon_of_the_contract() -> None:
    rows = {
        "columns": ["country", "customers", "total_expected_value", "as_of"],
        "rows": [["EIRE", 12, 1234.5, AS_OF], ["France", 3, 10, AS_OF]],
    }
    text = converse_with(SHOP, "total expected value by country", rows)
    assert text.startswith("Highest total expected value by country: EIRE with 1,234.50 GBP, then France")
    assert "Expected value: spend in the next 12 weeks, in GBP." in text
    assert "$" not in text
    rows = {
        "columns": ["country", "customers", "average_churn_probability", "as_of"],
        "rows": [["EIRE", 12, 0.5, AS_OF]],
    }
    text = converse_with(SHOP, "Which countries have the highest churn risk?", rows)
    assert "Churn probability: probability of no activity in the next 12 weeks." in text


def test_a_count_of_people_at_risk_says_what_risk_looks_at() -> None:
    rows = {"columns": ["customers", "as_of"], "rows": [[5, AS_OF]]}
    text = converse_with(SHOP, "How many customers are at risk?", rows)
    assert text.startswith(f"There are 5 customers (at high risk) (as of {AS_OF}).")
    assert "no activity in the next 12 weeks" in text


def test_numbers_flags_and_value_without_money_are_shown_with_their_units() -> None:
    words = words_of(CLUB)
    row = {"average_size": 2.5, "newsletter": "true", "expected_value": 3, "churn_probability": 0.25}
    shown = [answers.show(name, row, words) for name in row]
    assert shown == ["2.5 people", "yes", "3.00 visits", "25.0 %"]


def test_an_unknown_word_is_told_with_examples_in_the_words_of_the_table() -> None:
    lookup = {"columns": ["country", "customers"], "rows": [["EIRE", 3], [None, 1]]}
    text = converse_with(SHOP, "churn by telegraph", lookup)
    assert '"telegraph"' in text
    assert "What share of customers with country EIRE is at risk?" in text
    assert "device" not in text


def test_a_look_up_finds_what_the_question_may_name_before_the_largest_values() -> None:
    sql = statements.lookup(words_of(SHOP), "churn of o'brien in the UK")
    assert "strpos('churn of o''brien in the uk united kingdom great britain" in sql
    assert "coalesce(segment, country)" in sql
    assert "@" not in statements.lookup(words_of(SHOP), "is ann@example.com at risk?")
    assert "lower(coalesce(segment, membership_type, home_city" in statements.lookup(words_of(CLUB), "x")


def test_a_table_without_meanings_is_understood_by_its_names() -> None:
    table = columns.described(
        "Table predictions(customer_id varchar, plan varchar, churn_probability double)"
    )
    assert table is not None
    assert table.as_of is None
    words = planner.lexicon(table)
    sql = statements.statement(grammar.parse("churn by plan", words), words)
    assert "as_of = (SELECT max(as_of) FROM predictions)" in sql
    assert grammar.parse("churn in the next 4 weeks", words).kind == "unknown", "nobody told the horizon"


names = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True).filter(lambda n: n not in RESERVED)


def test_a_column_that_is_called_like_an_id_is_a_column() -> None:
    contract = replace(SHOP, attributes=(Attribute("zone1234"),))
    assert parsed("churn by zone1234", contract).kind == "aggregate"
    assert parsed("why is zone9999 at risk?", contract).customer_ids == ("zone9999",)


def test_likely_to_leave_beside_another_number_is_a_condition_and_no_second_number() -> None:
    for question in (
        "Who are the most valuable customers likely to leave?",
        "Which 5 customers who are likely to leave are worth the most, and why?",
    ):
        sql = statements.statement(parsed(question, DEFAULT), words_of(DEFAULT))
        assert "risk_band = 'high'" in sql
        assert "ORDER BY expected_value DESC" in sql


def test_at_risk_is_the_risk_band_and_a_segment_only_when_it_is_called_one() -> None:
    values = {"segment": ("at_risk", "dormant")}
    words = words_of(DEFAULT)
    for question, condition in (
        ("Which customers are at risk?", "risk_band = 'high'"),
        ("Which customers are in segment at risk?", "segment = 'at_risk'"),
        ("List dormant customers in Germany", "segment = 'dormant'"),
    ):
        intent = grammar.parse(question, words, values)
        assert condition in [one.sql for one in intent.filters], question


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_example_is_answered_whatever_the_columns_are_called(data: st.DataObject) -> None:
    chosen = data.draw(st.lists(names, min_size=1, max_size=6, unique=True))
    kinds = st.sampled_from([data_contract.CATEGORY, data_contract.NUMBER, data_contract.BOOLEAN])
    contract = DataContract(
        name="any",
        kind=data_contract.WEEKLY,
        attributes=tuple(Attribute(name, data.draw(kinds)) for name in chosen[1:]),
        measures=(Measure(chosen[0]),),
        value=chosen[0],
    )
    words = words_of(contract)
    values = {one.column: ("some value",) for one in words.looked_up[-1:]}
    for question in examples.questions(words, values):
        if "<id>" not in question:
            intent = grammar.parse(question, words, values)
            assert intent.kind not in ("unknown", "lookup"), (question, intent.unknown_words)
    assert json.dumps(described(contract))
