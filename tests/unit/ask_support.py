"""What the tests of questions share: two data contracts, and the planner's words for each, through the very
description that the ask function gives to a model.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from engage_ml import data_contract
from engage_ml.data_contract import AMOUNT, BOOLEAN, CATEGORY, COUNT, DEFAULT, NUMBER, Attribute, Measure

from engage_cli.local.bedrock import columns
from engage_cli.local.bedrock.lexicon import Lexicon, lexicon

HANDLERS = Path(__file__).parents[2] / "handlers"
AS_OF = "2026-11-23"
SHOP = data_contract.DataContract(
    name="shop",
    kind=data_contract.EVENTS,
    attributes=(Attribute("country", CATEGORY, "country"),),
    measures=(
        Measure("events", COUNT, "events", one="event"),
        Measure("bought", COUNT, "purchases", one="purchase"),
        Measure("amount", AMOUNT, "spend", one="spend", negative=True),
    ),
    types={"bought": "Buy"},
    active=("bought",),
    value="amount",
    transactions="bought",
    currency="GBP",
    horizons={"engagement": 4, "churn": 12, "value": 12},
)
"""A shop: one attribute, pounds, churn over 12 weeks, names of countries instead of codes."""
CLUB = data_contract.DataContract(
    name="club",
    kind=data_contract.WEEKLY,
    attributes=(
        Attribute("membership_type", CATEGORY, "kind of membership"),
        Attribute("home_city", CATEGORY, "city"),
        Attribute("order", CATEGORY),
        Attribute("status", CATEGORY),
        Attribute("size", NUMBER, "members of the household", "people"),
        Attribute("newsletter", BOOLEAN, "gets the newsletter"),
    ),
    measures=(Measure("visits", COUNT, "visits", "visits", "visit"),),
    value="visits",
    days_known=False,
    horizons={"engagement": 8, "churn": 8, "value": 24},
)
"""A club: no money, weeks only, a column named by a word of SQL, a number and a flag."""


def description() -> ModuleType:
    """The module `description` of the ask handler, under a name of its own."""
    name = "ask_description"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HANDLERS / "ask" / "description.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def described(contract: data_contract.DataContract = DEFAULT) -> str:
    """What a model is told of the table of a contract."""
    module = description()
    return str(module.describe(module.Published(contract, AS_OF)))


def words_of(contract: data_contract.DataContract = DEFAULT) -> Lexicon:
    """The planner's words for the table of a contract."""
    table = columns.described(described(contract))
    assert table is not None
    return lexicon(table)
