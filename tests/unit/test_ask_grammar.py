"""The planner's grammar: which question becomes which query, and which is refused."""

from typing import Any

import pytest
import sqlglot

from engage_cli.local.bedrock import grammar, statements
from tests.unit import ask_support as support

VALUES = {
    "country": ("DE", "US", "FR", "GB"),
    "plan": ("free", "basic", "pro", "premium"),
    "device": ("mobile", "web", "tablet"),
    "acquisition_channel": ("organic", "paid_search", "referral"),
    "age_band": ("under 25", "25-34", "65 and over", "unknown"),
}
WORDS = support.words_of()
AVG_CHURN, AVG_ENGAGEMENT, AVG_VALUE = (
    "avg(churn_probability)",
    "avg(expected_engagement)",
    "avg(expected_value)",
)
HIGH = "risk_band = 'high'"

# question, kind, fragments that its SQL must hold
QUERIES: list[tuple[str, str, tuple[str, ...]]] = [
    (
        "Which countries have the highest churn risk?",
        "aggregate",
        (AVG_CHURN, "GROUP BY country", "churn_probability DESC"),
    ),
    (
        "Which country has the lowest churn?",
        "aggregate",
        (AVG_CHURN, "GROUP BY country", "churn_probability ASC"),
    ),
    ("What is the average churn probability?", "aggregate", (AVG_CHURN,)),
    ("average churn", "aggregate", (AVG_CHURN,)),
    ("churn risk by plan", "aggregate", (AVG_CHURN, "GROUP BY plan")),
    ("churn by device and plan", "aggregate", ("GROUP BY device, plan",)),
    ("Show engagement per age group", "aggregate", (AVG_ENGAGEMENT, "GROUP BY age_band")),
    ("Which acquisition channel brings the most valuable customers?", "unknown", ()),
    (
        "Which acquisition channel has the most valuable customers?",
        "aggregate",
        (AVG_VALUE, "GROUP BY acquisition_channel"),
    ),
    ("average spend by acquisition channel", "aggregate", ("avg(value_12w)", "GROUP BY acquisition_channel")),
    ("total expected value by country", "aggregate", ("sum(expected_value)", "GROUP BY country")),
    (
        "Total expected value of at-risk customers in Germany",
        "aggregate",
        ("sum(expected_value)", "country = 'DE'", HIGH),
    ),
    ("How much revenue is at risk?", "aggregate", ("sum(expected_value)", HIGH)),
    (
        "median expected value by age band",
        "aggregate",
        ("approx_percentile(expected_value, 0.5)", "GROUP BY age_band"),
    ),
    ("maximum churn probability by plan", "aggregate", ("max(churn_probability)", "GROUP BY plan")),
    ("minimum engagement per device", "aggregate", ("min(expected_engagement)", "GROUP BY device")),
    ("average tenure by plan", "aggregate", ("avg(tenure_weeks)", "GROUP BY plan")),
    (
        "average days since last activity by country",
        "aggregate",
        ("avg(days_since_active)", "GROUP BY country"),
    ),
    ("How many customers are there?", "aggregate", ("count(*) AS customers",)),
    ("How many customers are at high risk, by plan?", "aggregate", ("count(*)", HIGH, "GROUP BY plan")),
    ("How many customers are likely to churn?", "aggregate", ("count(*)", HIGH)),
    ("How many customers might leave?", "aggregate", ("count(*)", HIGH)),
    ("How many customers do we lose?", "aggregate", ("count(*)", HIGH)),
    ("Number of customers about to leave by plan", "aggregate", ("count(*)", HIGH, "GROUP BY plan")),
    ("What percentage of customers is expected to churn?", "share", (f"CASE WHEN {HIGH}",)),
    ("number of customers per risk band", "aggregate", ("count(*)", "GROUP BY risk_band")),
    ("How many customers are in Germany?", "aggregate", ("count(*)", "country = 'DE'")),
    ("How many customers in DE are at medium risk?", "aggregate", ("country = 'DE'", "risk_band = 'medium'")),
    (
        "How many low risk customers are recently active?",
        "aggregate",
        ("risk_band = 'low'", "recently_active = true"),
    ),
    ("How many customers are inactive?", "aggregate", ("recently_active = false",)),
    (
        "How many customers have been inactive for more than 30 days?",
        "aggregate",
        ("days_since_active > 30",),
    ),
    ("How many customers are inactive for at least 2 weeks?", "aggregate", ("days_since_active >= 14",)),
    ("How many customers have a churn probability above 70 %?", "aggregate", ("churn_probability > 0.7",)),
    (
        "How many customers have a churn probability of at least 0.7?",
        "aggregate",
        ("churn_probability >= 0.7",),
    ),
    ("Count customers with engagement below 20%", "aggregate", ("expected_engagement < 0.2",)),
    ("How many customers with value over $1,000 are at risk?", "aggregate", ("expected_value > 1000", HIGH)),
    ("how many customers spent more than $50 in the last 12 weeks", "unknown", ()),
    ("how many customers have spend above $50?", "aggregate", ("value_12w > 50",)),
    ("Which plan has the most customers?", "aggregate", ("count(*)", "GROUP BY plan", "customers DESC")),
    ("Which plans have the most at-risk customers?", "aggregate", (HIGH, "GROUP BY plan", "customers DESC")),
    ("Which device has the fewest customers?", "aggregate", ("GROUP BY device", "customers ASC")),
    ("top 3 countries by expected value", "aggregate", ("GROUP BY country", "LIMIT 3", "DESC")),
    ("five plans with the worst value", "aggregate", ("GROUP BY plan", "LIMIT 5", "ASC")),
    ("Which plan has the worst churn?", "aggregate", ("GROUP BY plan", "DESC")),
    ("Which plan has the best churn?", "aggregate", ("GROUP BY plan", "ASC")),
    ("Compare plans", "aggregate", (AVG_CHURN, AVG_ENGAGEMENT, AVG_VALUE, "GROUP BY plan")),
    ("compare Germany and France", "aggregate", ("country IN ('DE', 'FR')", "GROUP BY country")),
    ("Compare churn in the US with the UK", "aggregate", (AVG_CHURN, "country IN", "GROUP BY country")),
    ("Compare mobile and web", "aggregate", ("device IN ('mobile', 'web')", "GROUP BY device")),
    ("What is the difference in churn between mobile and web?", "aggregate", (AVG_CHURN, "GROUP BY device")),
    ("Do mobile users churn more than web users?", "aggregate", (AVG_CHURN, "GROUP BY device")),
    ("free vs premium engagement", "aggregate", (AVG_ENGAGEMENT, "plan IN ('free', 'premium')")),
    ("churn of premium customers in the US", "aggregate", ("plan = 'premium'", "country = 'US'")),
    ("churn risk of customers on the pro plan", "aggregate", ("plan = 'pro'",)),
    ("churn of customers acquired via paid search", "aggregate", ("acquisition_channel = 'paid_search'",)),
    ("average value of customers aged under 25", "unknown", ()),
    ("average value of customers under 25", "aggregate", ("age_band = 'under 25'",)),
    ("churn for 25-34 by device", "aggregate", ("age_band = '25-34'", "GROUP BY device")),
    ("What share of customers is at risk?", "share", (f"CASE WHEN {HIGH}",)),
    ("share of customers at high risk by country", "share", (f"CASE WHEN {HIGH}", "GROUP BY country")),
    (
        "What percentage of customers on mobile is at risk?",
        "share",
        (f"CASE WHEN {HIGH}", "device = 'mobile'"),
    ),
    ("What share of customers is in France?", "share", ("CASE WHEN country = 'FR'",)),
    (
        "what proportion of customers is inactive by plan",
        "share",
        ("CASE WHEN recently_active = false", "GROUP BY plan"),
    ),
    (
        "Top 10 customers by churn probability",
        "customers",
        ("customer_id", "ORDER BY churn_probability DESC", "LIMIT 10"),
    ),
    (
        "Which 10 customers have the highest churn risk?",
        "customers",
        ("ORDER BY churn_probability DESC", "LIMIT 10"),
    ),
    ("who is most likely to churn?", "customers", ("ORDER BY churn_probability DESC",)),
    ("most valuable customers", "customers", ("ORDER BY expected_value DESC",)),
    ("list customers in Spain at risk", "customers", ("country = 'ES'", HIGH)),
    (
        "Top 10 customers by churn probability with value over $100",
        "customers",
        ("expected_value > 100", "LIMIT 10"),
    ),
    ("show the 5 least engaged customers", "customers", ("ORDER BY expected_engagement ASC", "LIMIT 5")),
    ("Which customers are about to leave?", "customers", (HIGH,)),
    ("who are my best customers?", "customers", ("ORDER BY expected_value DESC",)),
    ("my top 5 customers in Germany", "customers", ("ORDER BY expected_value DESC", "LIMIT 5")),
    ("top 5 customers at risk", "customers", ("ORDER BY churn_probability DESC", HIGH)),
    ("who should I call today?", "customers", ("ORDER BY value_at_stake DESC",)),
    ("how many customers will leave next month?", "aggregate", ("count(*)", HIGH)),
    ("why do customers leave?", "reasons", (HIGH,)),
    ("how much money will we lose in Germany?", "aggregate", ("AS total_value_at_stake", "country = 'DE'")),
    ("Why are customers in France at risk?", "reasons", ("regexp_replace(reason_1", "country = 'FR'", HIGH)),
    ("What are the main reasons for churn?", "reasons", ("regexp_replace(reason_1", HIGH)),
    ("What drives churn on mobile?", "reasons", ("device = 'mobile'",)),
    ("churn in the next 4 weeks by country", "aggregate", (AVG_CHURN, "GROUP BY country")),
    ("expected value in the next 12 weeks by plan", "aggregate", (AVG_VALUE, "GROUP BY plan")),
]

KNOWLEDGE = [
    "How is churn defined?",
    "What is churn?",
    "How good is the model?",
    "What does risk band mean?",
    "Explain expected value",
    "What is the AUC of the churn model?",
    "When was the model trained?",
    "Which features does the model use?",
    "How do you measure engagement?",
    "What is a risk band?",
    "How accurate are the predictions?",
    "What are the limitations?",
    "Can I trust the predictions?",
]

CANNOT = [
    "What is the weather in Berlin?",
    "churn risk among women",
    "Which countries have higher churn than Germany?",
    "How has churn changed since last month?",
    "customers who bought shoes",
    "Which country is not in Europe?",
    "Forecast revenue for 2030",
    "Delete all customers",
    "drop table predictions",
    "value in the next 4 weeks by plan",
    "churn in the next 12 weeks",
    "customers named Smith",
    "tell me a joke",
    "'; DROP TABLE predictions; --",
    "churn except Germany",
    "churn risk without Germany",
]


def parse(question: str) -> grammar.Intent:
    """As the planner does: without values first, with them when words are left over."""
    intent = grammar.parse(question, WORDS)
    return grammar.parse(question, WORDS, VALUES) if intent.kind == "lookup" else intent


@pytest.mark.parametrize(("question", "kind", "fragments"), QUERIES, ids=[one[0] for one in QUERIES])
def test_a_question_becomes_the_query_that_it_asks_for(
    question: str, kind: str, fragments: tuple[str, ...]
) -> None:
    intent = parse(question)
    assert intent.kind == kind, intent
    if kind == "unknown":
        return
    sql = statements.statement(intent, WORDS)
    for fragment in fragments:
        assert fragment in sql, sql
    tree = sqlglot.parse_one(sql, read="athena")
    assert isinstance(tree, sqlglot.exp.Select)
    assert f"as_of = '{support.AS_OF}'" in sql


@pytest.mark.parametrize("question", KNOWLEDGE)
def test_a_question_of_meaning_or_quality_goes_to_the_documents(question: str) -> None:
    assert parse(question).kind == "knowledge"


@pytest.mark.parametrize("question", CANNOT)
def test_what_the_grammar_does_not_hold_is_not_answered(question: str) -> None:
    assert parse(question).kind == "unknown", parse(question)


@pytest.mark.parametrize(
    ("question", "ids"),
    [
        ("What is the prediction for customer C00000001?", ("C00000001",)),
        ("Why is C00000012 at risk?", ("C00000012",)),
        ("compare C00000001 and C00000002", ("C00000001", "C00000002")),
        ("churn of customer 42", ("42",)),
        ("predict cust-0001", ("cust-0001",)),
    ],
)
def test_a_question_about_a_customer_names_the_customer(question: str, ids: tuple[str, ...]) -> None:
    intent: Any = grammar.parse(question, WORDS)
    assert (intent.kind, intent.customer_ids) == ("customer", ids)


def test_values_with_quotes_cannot_leave_their_literal() -> None:
    intent = grammar.parse("churn of o'brien plan", WORDS, VALUES | {"plan": ("o'brien",)})
    assert "plan = 'o''brien'" in statements.statement(intent, WORDS)
