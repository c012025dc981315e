"""Questions about activity: when somebody was last there, and lists of those who can still be kept."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from engage_cli.local.bedrock import answers, grammar, statements
from tests.unit.ask_support import AS_OF, SHOP, words_of

WORDS = words_of()
VALUES = {"country": ("DE", "US"), "plan": ("free", "pro")}


def parsed(question: str) -> grammar.Intent:
    intent = grammar.parse(question, WORDS)
    return grammar.parse(question, WORDS, VALUES) if intent.kind == "lookup" else intent


def conditions(question: str) -> list[str]:
    return [one.sql for one in parsed(question).filters]


WITHIN, BEYOND = "days_since_active < {} AND active_weeks_12 > 0", "days_since_active >= {}"


@pytest.mark.parametrize(
    ("question", "condition"),
    [
        ("How many customers were active in the last 4 weeks?", WITHIN.format(28)),
        ("how many customers were active last month", WITHIN.format(28)),
        ("how many customers were active in the past two weeks?", WITHIN.format(14)),
        ("how many customers had activity in the last 10 days?", WITHIN.format(10)),
        ("churn of customers active last week", WITHIN.format(7)),
        ("how many customers have been inactive for 8 weeks?", BEYOND.format(56)),
        ("how many customers were inactive last month?", BEYOND.format(28)),
        ("how many customers haven't been active for 2 months?", BEYOND.format(56)),
        ("how many customers were not active in the last 3 weeks?", BEYOND.format(21)),
        ("churn of customers without activity for 12 weeks", BEYOND.format(84)),
        ("how many customers had no activity in the last quarter?", BEYOND.format(84)),
        ("How many customers are inactive for at least 2 weeks?", "days_since_active >= 14"),
    ],
)
def test_a_time_without_or_with_activity_is_a_condition_on_recency(question: str, condition: str) -> None:
    assert conditions(question) == [condition], parsed(question)


def test_both_conditions_of_one_time_split_the_customers_but_for_who_was_never_there() -> None:
    """By the columns as the pipeline makes them: full weeks; for the never active the days since sign-up."""
    table = duckdb.connect()
    table.execute(
        "CREATE TABLE predictions AS SELECT * FROM "
        "(VALUES (0, 3), (21, 2), (28, 1), (77, 1), (84, 0), (5, 0)) AS t(days_since_active, active_weeks_12)"
    )

    def counted(question: str) -> int:
        found = table.execute(f"SELECT count(*) FROM predictions WHERE {conditions(question)[0]}").fetchone()
        assert found is not None
        return int(found[0])

    assert counted("how many customers were active in the last 4 weeks?") == 2
    assert counted("how many customers have been inactive for 4 weeks?") == 3
    assert counted("how many customers have been inactive for 12 weeks?") == 1


@pytest.mark.parametrize(
    "question",
    ["how many customers have been inactive for 20 weeks?", "how many customers were active last year?"],
)
def test_a_time_further_back_than_activity_is_known_is_refused_and_says_so(question: str) -> None:
    intent = parsed(question)
    assert intent.kind == "unknown"
    assert "activity is known for 84 days" in intent.unknown_words[0]


def test_with_a_longer_look_back_inactivity_is_known_further_back_and_activity_is_not() -> None:
    words = words_of(replace(SHOP, lookback_weeks=26))
    inactive = grammar.parse("how many customers have been inactive for 20 weeks?", words, {})
    assert [one.sql for one in inactive.filters] == [BEYOND.format(140)]
    active = grammar.parse("how many customers were active in the last 20 weeks?", words, {})
    assert active.unknown_words == ("20 weeks (activity is known for 84 days)",)


@pytest.mark.parametrize("question", ["active for 8 weeks by plan", "how many active weeks by plan in march"])
def test_what_only_sounds_like_recency_is_not_answered(question: str) -> None:
    assert parsed(question).kind == "unknown", parsed(question)


NARROWED = [
    "Which 10 customers have the highest churn risk?",
    "who is most likely to churn?",
    "Which customers are at risk?",
    "Top 10 customers by churn probability with value over 100",
    "list the 20 customers with the most at stake",
    "who should I call today?",
    "Which customers should we contact first?",
]
AS_ASKED = [
    "Which 10 of all customers have the highest churn risk?",
    "Which of all the customers have the highest churn risk?",
    "highest churn risk including inactive customers, top 10 customers",
    "List everyone by churn risk, customers at risk",
    "Top 10 inactive customers by churn probability",
    "Top 10 customers by churn probability who have been inactive for 8 weeks",
    "Top 10 dormant customers by churn probability",
    "most valuable customers",
    "Which customers have the lowest churn risk?",
    "Which countries have the highest churn risk?",
    "How many customers are at risk?",
    "how many customers will leave next month?",
    "what is at stake?",
]


@pytest.mark.parametrize("question", NARROWED)
def test_a_list_of_churn_risk_is_of_those_who_can_still_be_kept_and_says_so(question: str) -> None:
    intent = parsed(question)
    assert intent.kind == "customers"
    assert "recently_active = true" in statements.statement(intent, WORDS)
    rows = {"columns": ["customer_id", "churn_probability", "as_of"], "rows": [["C1", 0.7, AS_OF]]}
    for found in (rows, {**rows, "rows": []}):
        text = answers.answer_rows(intent, found, WORDS)
        assert "Only customers with activity in the last 4 weeks are listed" in text
        assert 'ask for "all customers"' in text


@pytest.mark.parametrize("question", AS_ASKED)
def test_a_question_that_says_whose_risk_it_means_is_answered_as_asked(question: str) -> None:
    intent = parsed(question)
    assert intent.kind not in ("unknown", "lookup"), intent
    assert "recently_active = true" not in [one.sql for one in intent.filters]
    assert not intent.only_active
