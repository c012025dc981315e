"""Every feature with its meaning, unit and window: the source of the data dictionary and of the model's
column order.

Standard library only, because the predict handler needs it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Feature:
    """One column of the feature tables.

    `window` is the weeks before the cut-off that it reads (0: an attribute or the calendar). `group` joins
    features that tell the same story, so that three reasons for a customer are three different ones.
    """

    name: str
    meaning: str
    unit: str
    window: int
    group: str
    categorical: bool = False


def _f(name: str, meaning: str, unit: str, window: int, group: str, categorical: bool = False) -> Feature:
    return Feature(name, meaning, unit, window, group, categorical)


def _counts(measure: str, what: str, unit: str, group: str) -> tuple[Feature, Feature]:
    return (
        _f(f"{measure}_4w", f"{what} in the last 4 weeks", unit, 4, group),
        _f(f"{measure}_12w", f"{what} in the last 12 weeks", unit, 12, group),
    )


FEATURES: tuple[Feature, ...] = (
    _f("country", "country of the customer", "ISO code", 0, "country", True),
    _f("plan", "subscription plan", "name", 0, "plan", True),
    _f("device", "main device", "name", 0, "device", True),
    _f("acquisition_channel", "how the customer was won", "name", 0, "acquisition_channel", True),
    _f("age", "age, empty when unknown", "years", 0, "age"),
    _f("marketing_opt_in", "agreed to marketing mail", "0 or 1", 0, "marketing_opt_in"),
    _f("tenure_weeks", "full weeks since sign-up", "weeks", 0, "tenure"),
    _f("observed_weeks_12", "weeks since sign-up, at most 12", "weeks", 12, "tenure"),
    _f(
        "days_since_active",
        "days from the end of the last active week to the cut-off; without one, the days "
        "observed (at most 84)",
        "days",
        12,
        "recency",
    ),
    _f(
        "usual_gap_weeks",
        "mean distance between active weeks; empty with fewer than two",
        "weeks",
        12,
        "recency",
    ),
    _f("longest_gap_weeks", "longest run of inactive weeks between two active ones", "weeks", 12, "recency"),
    _f(
        "silence_ratio",
        "weeks since the last active week divided by the usual distance",
        "ratio",
        12,
        "recency",
    ),
    _f("active_streak_weeks", "unbroken active weeks up to the cut-off", "weeks", 12, "frequency"),
    _f("active_days_1w", "active days in the last week", "days", 1, "frequency"),
    _f("active_days_2w", "active days in the last 2 weeks", "days", 2, "frequency"),
    _f("active_days_4w", "active days in the last 4 weeks", "days", 4, "frequency"),
    _f("active_days_8w", "active days in the last 8 weeks", "days", 8, "frequency"),
    _f("active_days_12w", "active days in the last 12 weeks", "days", 12, "frequency"),
    _f("active_weeks_4", "weeks with an active day among the last 4", "weeks", 4, "frequency"),
    _f("active_weeks_8", "weeks with an active day among the last 8", "weeks", 8, "frequency"),
    _f("active_weeks_12", "weeks with an active day among the last 12", "weeks", 12, "frequency"),
    _f(
        "active_days_per_active_week",
        "active days in an active week, mean; empty without one",
        "days",
        12,
        "frequency",
    ),
    _f(
        "active_days_weighted",
        "active days, each week counting half as much as two weeks later",
        "days",
        12,
        "frequency",
    ),
    _f("active_days_max", "most active days in one week", "days", 12, "variability"),
    _f("active_days_std", "standard deviation of weekly active days", "days", 12, "variability"),
    _f(
        "active_days_trend", "active days of the last 4 weeks minus those of the 4 before", "days", 8, "trend"
    ),
    _f("active_days_slope", "slope of weekly active days (least squares)", "days a week", 12, "trend"),
    *_counts("sessions", "sessions", "sessions", "use"),
    _f("sessions_trend", "sessions of the last 4 weeks minus those of the 4 before", "sessions", 8, "trend"),
    *_counts("minutes", "minutes of use", "minutes", "use"),
    _f("minutes_per_session", "minutes in a session, mean; empty without one", "minutes", 12, "use"),
    *_counts("posts", "posts written", "posts", "social"),
    *_counts("likes", "likes given", "likes", "social"),
    *_counts("messages", "messages sent", "messages", "social"),
    *_counts("purchases", "purchases", "purchases", "buying"),
    _f("purchase_weeks_12", "weeks with a purchase among the last 12", "weeks", 12, "buying"),
    _f(
        "days_since_purchase",
        "days from the end of the last week with a purchase; empty without one",
        "days",
        12,
        "buying",
    ),
    _f("spend_4w", "spend in the last 4 weeks", "USD", 4, "spend"),
    _f("spend_12w", "spend in the last 12 weeks", "USD", 12, "spend"),
    _f("spend_trend", "spend of the last 4 weeks minus that of the 4 before", "USD", 8, "spend"),
    _f("spend_per_purchase", "spend divided by purchases; empty without one", "USD", 12, "spend"),
    _f("spend_max", "highest spend in one week", "USD", 12, "spend"),
    *_counts("support_tickets", "support tickets opened", "tickets", "support"),
    _f("season_sin", "day of the year of the cut-off on a circle, sine", "-1 to 1", 0, "season"),
    _f("season_cos", "day of the year of the cut-off on a circle, cosine", "-1 to 1", 0, "season"),
)

FEATURE_NAMES: tuple[str, ...] = tuple(f.name for f in FEATURES)
CATEGORICAL: tuple[str, ...] = tuple(f.name for f in FEATURES if f.categorical)
INDEX: dict[str, int] = {name: i for i, name in enumerate(FEATURE_NAMES)}
BY_NAME: dict[str, Feature] = {f.name: f for f in FEATURES}


def as_markdown() -> str:
    """The data dictionary as a Markdown table."""
    lines = ["| feature | meaning | unit | window (weeks) | type |", "|---|---|---|---|---|"]
    for f in FEATURES:
        kind = "category" if f.categorical else "number"
        lines.append(f"| `{f.name}` | {f.meaning} | {f.unit} | {f.window or '-'} | {kind} |")
    return "\n".join(lines)
