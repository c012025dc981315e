"""Questions that the planner answers, in the words of a table's own columns."""

from engage_cli.local.bedrock.lexicon import Lexicon
from engage_cli.local.bedrock.values import Values

FEW = 5


def listed(
    known: Lexicon,
    values: Values | None = None,
    head: str = "I can answer questions about the newest predictions, for example:",
    most: int | None = None,
) -> str:
    """Examples below a sentence; at `most` so many of them."""
    return "\n- ".join([head, *questions(known, values)[:most]])


def questions(known: Lexicon, values: Values | None = None) -> list[str]:
    """Questions of every kind, the commonest kinds first; every one of them is answered."""
    own = [one for one in known.looked_up if one.label in one.words and one.column != "segment"]
    asked = ["Which 10 customers have the highest churn risk?"]
    if own:
        one, other = own[0], own[-1]
        asked = [f"Which {one.plural} have the highest churn risk?", *asked]
        asked.append(_with_value(known, values) or f"How many customers are at high risk, by {other.label}?")
    else:
        asked.append("How many customers are at high risk?")
    if known.segments:
        asked.append("What is at stake, and what should I do?")
    asked.append("How is churn defined?")
    if own:
        asked += [f"Total expected value by {own[0].label}", f"Compare {own[-1].plural}"]
    return [
        *asked,
        "How many customers were active in the last 2 weeks?",
        "Top 10 customers by churn probability with expected value over 100",
        "Why are customers at risk?",
        "How good is the model?",
        "What is the prediction for customer <id>?",
    ]


def _with_value(known: Lexicon, values: Values | None) -> str | None:
    """A question about the commonest value of the last column that has one."""
    for one in reversed(known.looked_up):
        found = (values or {}).get(one.column, ())
        if found and one.label in one.words and one.column != "segment":
            return f"What share of customers with {one.label} {found[0]} is at risk?"
    return None
