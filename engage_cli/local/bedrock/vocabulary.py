"""The words that every data contract shares: what is predicted, how numbers are asked for, what says nothing.

The words of a table's own columns are worked out in `lexicon.py`. `docs/ask.md` is generated from both
(`python -m engage_cli.local.bedrock.reference docs/ask.md`), so what the page promises is what the planner
does.
"""

from dataclasses import dataclass

SHARE, AMOUNT, NUMBER, COUNT = "share", "amount", "number", "count"


@dataclass(frozen=True)
class Metric:
    """A number of the predictions table: its column, its words, its unit, and how it is said in an answer.

    `kind`: a `share` of 0 to 1, an `amount` of the value's unit, another `number`, or the `count` of rows.
    """

    name: str
    column: str
    label: str
    kind: str
    words: tuple[str, ...]
    unit: str = ""
    # What "worst" means: for churn the highest, for value the lowest.
    bad_is_high: bool = False
    meaning: str = ""
    # The number's SQL when it is computed from columns; `column` is then its name in a result.
    computed: str = ""


METRICS: tuple[Metric, ...] = (
    Metric(
        "churn",
        "churn_probability",
        "churn probability",
        SHARE,
        (
            "churn probability",
            "churn probabilities",
            "probability of churn",
            "probability to churn",
            "probability of churning",
            "risk of churn",
            "risk of churning",
            "risk of leaving",
            "churn risk",
            "churn rate",
            "churn score",
            "likelihood of churn",
            "likelihood to churn",
            "churn likelihood",
            "likelihood of churning",
            "likelihood of leaving",
            "likely to churn",
            "likely to leave",
            "likely to cancel",
            "churn",
            "churning",
            "attrition",
            "risk",
            "risky",
        ),
        bad_is_high=True,
    ),
    Metric(
        "engagement",
        "expected_engagement",
        "expected engagement",
        SHARE,
        (
            "expected engagement",
            "predicted engagement",
            "engagement score",
            "engagement rate",
            "engagement",
            "engaged",
            "expected activity",
        ),
    ),
    Metric(
        "value",
        "expected_value",
        "expected value",
        AMOUNT,
        ("expected value", "predicted value", "future value", "customer value", "value", "valuable", "worth"),
    ),
    Metric(
        "past_value",
        "value_12w",
        "value of the last 12 weeks",
        AMOUNT,
        ("value of the last 12 weeks", "value in the last 12 weeks", "past value", "actual value"),
    ),
    Metric(
        "tenure",
        "tenure_weeks",
        "tenure",
        NUMBER,
        ("tenure in weeks", "tenure", "weeks since sign-up", "weeks since signup", "customer age in weeks"),
        "weeks",
    ),
    Metric(
        "active_weeks",
        "active_weeks_12",
        "active weeks of the last 12",
        NUMBER,
        ("active weeks of the last 12", "active weeks in the last 12 weeks", "active weeks", "weeks active"),
        "weeks",
    ),
    Metric(
        "recency",
        "days_since_active",
        "days since the last activity",
        NUMBER,
        (
            "days since the last activity",
            "days since last activity",
            "days since last active",
            "days since active",
            "days of inactivity",
            "days inactive",
            "recency",
        ),
        "days",
        bad_is_high=True,
    ),
)
"""The numbers that every predictions table has."""
STAKE = Metric(
    "stake",
    "value_at_stake",
    "value at stake",
    AMOUNT,
    (
        "value at stake",
        "money at stake",
        "revenue at stake",
        "at stake",
        "stake",
        "money to lose",
        "to lose",
        "money will we lose",
        "money will i lose",
        "will we lose",
        "will i lose",
        "do we lose",
    ),
    bad_is_high=True,
)
"""A number that is computed from columns, as the query tool tells."""
CUSTOMERS = Metric("customers", "", "number of customers", COUNT, ())
RISK_WORDS = (
    "risk bands",
    "risk band",
    "risk levels",
    "risk level",
    "risk groups",
    "risk group",
    "risk categories",
    "risk category",
)


AGGREGATES: dict[str, tuple[str, ...]] = {
    "avg": ("on average", "average", "averages", "mean", "typical", "avg"),
    "sum": ("in total", "total", "sum of", "sum", "altogether", "combined"),
    "median": ("median",),
    "max": ("maximum", "max"),
    "min": ("minimum", "min"),
}
COUNT_WORDS = ("how many", "number of", "count of", "count", "headcount", "counts of", "numbers of")
SHARE_WORDS = (
    "what share of",
    "share of",
    "shares of",
    "what percentage of",
    "percentage of",
    "what percent of",
    "percent of",
    "% of",
    "proportion of",
    "fraction of",
    "what proportion of",
    "what fraction of",
    "share",
)
SUBJECTS = (
    "customers",
    "customer",
    "users",
    "user",
    "people",
    "subscribers",
    "subscriber",
    "clients",
    "accounts",
    "members",
    "everyone",
    "everybody",
    "ids",
)
HIGHEST = (
    "highest",
    "most",
    "largest",
    "biggest",
    "greatest",
    "top",
    "riskiest",
    "high",
    "more",
    "higher",
    "max",
)
LOWEST = ("lowest", "least", "smallest", "fewest", "bottom", "safest", "low", "less", "lower")
WORST, BEST = ("worst", "weakest", "poorest"), ("best", "strongest", "healthiest")
NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "fifty": 50,
    "hundred": 100,
}

# Phrases that are whole filters: words -> SQL condition and how it is said.
FILTERS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("not at risk", "without risk"),
        "risk_band <> 'high'",
        "not at high risk",
    ),
    (
        (
            "at high risk",
            "at risk",
            "high risk",
            "high-risk",
            "at-risk",
            "in danger of leaving",
            "in danger",
            "about to leave",
            "about to churn",
            "about to cancel",
            "endangered",
            "going to churn",
            "going to leave",
            "will leave",
            "will churn",
            "will cancel",
        ),
        "risk_band = 'high'",
        "at high risk",
    ),
    (
        ("at medium risk", "medium risk", "medium-risk", "moderate risk"),
        "risk_band = 'medium'",
        "at medium risk",
    ),
    (("at low risk", "low risk", "low-risk"), "risk_band = 'low'", "at low risk"),
    (
        ("not recently active", "recently inactive", "no longer active", "not active", "inactive"),
        "recently_active = false",
        "not recently active",
    ),
    (
        ("recently active", "currently active", "still active", "active"),
        "recently_active = true",
        "recently active",
    ),
)


_STOP_WORDS_TEXT = """
a about acquired across all along also among amongst amount an and any are are's as at averaged base
based be been being between break breakdown broken business by came can come comes company compare
compared comparison could current currently customer's customers' data database did differ difference
differences different differs distributed distribution do does down each entire every expect expected
find for from get give group grouped had has have having how i in into is it its kind let like likely
list live lives living located look me much my need now number of on ones onto or our out over overall
pay paying per please predicted prediction predictions probabilities probability probable rank ranked
ranking respectively right see show shown so some split table tell that the their them there these they
this those through to today told us use uses using versus via view vs want was we were what when where
which who whole whom whose will with within would you your
"""
STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())
