"""The contract file: what a user may write, what follows from it, and how mistakes are told."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from engage_ml import data_contract as dc
from hypothesis import given, settings
from hypothesis import strategies as st

from engage_cli.datagen.contract_file import FileContract, canonical, parse_contract, read_contract
from engage_cli.datagen.contract_write import default_contract, render_contract
from engage_cli.errors import UserError

FILE = Path("own.toml")
EVENTS = "[activity]\nkind = 'events'\n"
FEW_LINES = """
[activity]
kind = "events"
customer = "Customer ID"
[activity.measures]
amount = "amount"
"""


def parsed(text: str) -> FileContract:
    return parse_contract(tomllib.loads(text), FILE)


def test_a_contract_of_a_few_lines_has_sensible_defaults() -> None:
    found = parsed(FEW_LINES)
    contract = found.contract
    assert (contract.name, contract.kind, contract.days_known) == ("own", dc.EVENTS, True)
    assert (contract.value, contract.transactions) == ("amount", "events")
    assert contract.measure("amount").per == "events"
    assert contract.horizons == {"engagement": 4, "churn": 4, "value": 12}
    assert found.customers.origin == "activity"
    assert found.customers.signed_up == ""
    assert found.activity.time == "event_time"
    assert found.columns["amount"].column == "amount"


def test_weekly_activity_without_a_column_of_days_counts_weeks() -> None:
    found = parsed('[customers]\nid = "no"\n[activity.measures]\nminutes = "amount"\n')
    assert not found.contract.days_known
    assert found.customers.signed_up == "signup_date"
    assert found.contract.transactions == ""


def test_a_purchase_named_as_a_type_is_the_transaction_of_a_log_without_amounts() -> None:
    found = parsed(
        '[activity]\nkind = "events"\ntype = "what"\n[activity.types]\norders = "buy"\n'
        '[predict]\nvalue = "orders"\n'
    )
    assert found.contract.types == {"orders": "buy"}
    assert found.contract.transactions == "orders"


def test_the_written_default_contract_is_that_of_the_synthetic_data() -> None:
    found = parsed(render_contract(default_contract(), {"activity.week": "a\ncomment"}, FILE))
    assert found == default_contract()
    assert found.contract == dc.DEFAULT


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("[activty]", "activity", "check"),
        ("[activity]\nkindd = 'events'", "[activity] kindd is not known", "Did you mean 'kind'?"),
        ("[activity]\nkind = 'event'", "[activity] kind is 'event'", "Did you mean 'events'?"),
        ("[activity]\ncustomer = 3", "[activity] customer must be text, not 3", "customer"),
        (EVENTS + "time_format = '%d/%m'", "[activity] time_format is '%d/%m'", "%d.%m.%Y"),
        (EVENTS + "time_format = '%Q%Y'", "holds %Q", "epoch"),
        ("[activity]\ntime_format = 'weeks since 2020-01-07'", "no Monday", "weeks since"),
        ("[activity]\ntime_format = 'days since 2020-02-31'", "which is no date", "days since"),
        ("[activity.measures]\nspend = 'money'", "measures.spend] kind is 'money'", "count, amount"),
        ("[activity.measures]\nspend = 5", "[activity.measures] spend", "column"),
        (EVENTS + "[activity.measures]\nevents = 'count'", "measures.events", "another"),
        (EVENTS + "[activity.types]\na = 'b'", "no column of them", "type ="),
        ("[activity]\nkind = 'weekly'", "[predict] has nothing to count", "[activity.measures]"),
        ("[customers]\npersonal = 'e-mail'\n" + EVENTS, "[customers] personal must be", "p"),
        ("[customers]\nfrom = 'activity'\nsigned_up = 'x'\n" + EVENTS, "signed_up", "first"),
        ("[customers.attributes]\nweek = 'number'\n" + EVENTS, "'week'", "contract"),
        ("[customers.attributes]\nplan = 'category'\n" + EVENTS + "[activity.measures]\nplan='count'",
         "plan is named twice", "differ"),
        (EVENTS + "[predict]\nchurn_weeks = 5", "multiple of 4", "contract"),
        (EVENTS + "[predict]\nchurn_weeks = true", "[predict] churn_weeks must be", "churn"),
        (EVENTS + "[predict]\nvalue = 'spend'", "'spend'", "contract"),
        (EVENTS + "[predict]\ncurrency = 'euro'", "'euro'", "contract"),
        ("[[activity]]\nkind = 'events'", "[activity] must be a section", "[activity]"),
    ],
)  # fmt: skip
def test_every_mistake_names_the_file_the_place_and_the_next_step(text: str, place: str, hint: str) -> None:
    with pytest.raises(UserError) as refused:
        parsed(text)
    assert refused.value.message.startswith("own.toml: ")
    assert place in refused.value.message
    assert hint in str(refused.value.hint)


def test_a_file_that_is_missing_or_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no contract .*gone\.toml"):
        read_contract(tmp_path / "gone.toml")
    (tmp_path / "bad.toml").write_text("[activity\nkind = events")
    with pytest.raises(UserError, match=r"bad\.toml is not TOML"):
        read_contract(tmp_path / "bad.toml")


@pytest.mark.parametrize(
    ("column", "name"),
    [("Customer ID", "customer_id"), ("MonthlyFee", "monthly_fee"), ("1st", "c_1st"), ("Straße", "strasse"),
         ("Gesprächs-Minuten", "gesprachs_minuten"),
         ("日付", "column"),
     ("__", "column"), ("A" * 60, "a" * 40)],
)  # fmt: skip
def test_a_column_becomes_a_name(column: str, name: str) -> None:
    assert canonical(column) == name


names = st.text("abcxyz_0123456789", min_size=1, max_size=6).map(lambda s: f"n{s}")
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8)
columns = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=8)


@st.composite
def documents(draw: Any) -> dict[str, Any]:
    """A contract as parsed TOML, with any columns, words and kinds."""
    found = draw(st.lists(names, min_size=5, max_size=8, unique=True))
    events = draw(st.booleans())
    about = {"column": draw(columns), "meaning": draw(words), "unit": draw(words)}
    measures: dict[str, Any] = {
        found[0]: {"kind": draw(st.sampled_from(["count", "amount"])), **about, "one": draw(words),
                   "group": draw(words), "negative": draw(st.sampled_from(["refuse", "keep", "drop"])),
                   "times": draw(words)},
        found[1]: {"kind": "amount", "per": draw(st.sampled_from([found[0], "none"]))},
    }  # fmt: skip
    bands = draw(st.lists(st.integers(-50, 50).map(float), max_size=4, unique=True).map(sorted))
    people: dict[str, Any] = {
        "attributes": {found[2]: {"kind": "number", "bands": bands, "min": -0.5, "max": 7}},
        "protected": {found[3]: draw(st.sampled_from(["category", "boolean", "number"]))},
        "ignore": draw(st.lists(columns, max_size=2)),
        "decimal": draw(st.sampled_from([".", ","])),
    }
    if draw(st.booleans()):
        people |= {"id": draw(columns), "signed_up": draw(columns), "time_format": "%d.%m.%Y"}
    else:
        people |= {"from": "activity"}
    activity: dict[str, Any] = {"customer": draw(columns), "measures": measures,
                                "anonymous": draw(st.sampled_from(["skip", "refuse"]))}  # fmt: skip
    if events:
        activity |= {"kind": "events", "time": draw(columns), "time_format": "epoch ms", "event": "order",
                     "event_id": draw(words)}  # fmt: skip
        if draw(st.booleans()):
            activity |= {"type": draw(columns), "types": {found[4]: draw(words.filter(str.strip))}}
    else:
        activity |= {"week": draw(columns), "week_starts": "sunday", "days": draw(words)}
    return {
        "name": draw(words),
        "customers": people,
        "activity": activity,
        "predict": {
            "churn_weeks": draw(st.integers(1, 6)) * 4,
            "lookback_weeks": draw(st.sampled_from(dc.LOOKBACKS)),
            "value": draw(st.sampled_from(found[:2])),
            "currency": draw(st.sampled_from(["", "EUR"])),
        },
    }


@settings(max_examples=60, deadline=None)
@given(documents())
def test_a_contract_comes_back_from_its_file_and_from_its_json(document: dict[str, Any]) -> None:
    import json

    found = parse_contract(document, FILE)
    again = parsed(render_contract(found, {}, FILE))
    assert again == found
    through_json = json.loads(json.dumps(found.contract.to_dict()))
    assert dc.parse(through_json) == found.contract


@pytest.mark.parametrize(
    "name", ["pattern", "d01", "weeks_12", "tenure_days", "value_ahead", "week_date", "reason", "churn_known"]
)
def test_a_name_that_the_sql_of_the_features_uses_itself_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=f"{name!r} has a meaning of its own"):
        parsed(f'[customers]\n[customers.attributes]\n{name} = "category"\n{EVENTS}')


def test_an_amount_that_is_per_nothing_stays_so() -> None:
    found = parsed(FEW_LINES.replace('"amount"\n', '{ kind = "amount", per = "none" }\n'))
    assert found.contract.measure("amount").per == ""
    changed = replace(found, contract=replace(found.contract, name="x"))
    assert parsed(render_contract(changed, {}, FILE)).contract.measure("amount").per == ""


GUIDE = (Path(__file__).parents[2] / "docs/guides/your_own_data.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL))
def test_the_contracts_of_the_guide_are_contracts(text: str) -> None:
    assert parsed(text).contract.measures


def test_the_guide_explains_every_key() -> None:
    source = (Path(__file__).parents[2] / "engage_cli/datagen/contract_file.py").read_text(encoding="utf-8")
    keys = set(re.findall(r"\.(?:text|choice|whole|number|numbers|texts)\(\s*\"(\w+)\"", source))
    keys |= {f"{target}_weeks" for target in ("engagement", "churn", "value")}
    assert {"event_id", "week_starts", "currency", "min"} <= keys
    assert sorted(key for key in keys if f"`{key}`" not in GUIDE) == []
