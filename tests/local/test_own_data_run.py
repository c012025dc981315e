"""A shop's receipts, from a CSV file to predictions, on the embedded endpoint."""

import json
from pathlib import Path
from typing import Any

import pytest
from main_job_support import Engage

from tests.unit import own_data

pytestmark = pytest.mark.local


@pytest.fixture(scope="module")
def shop(main_home: Path) -> Engage:
    """The environment `receipts`, deployed, with the receipts imported by a guessed contract."""
    directory = main_home / "work-receipts"
    directory.mkdir()
    engage = Engage(main_home, "receipts", directory)
    own_data.shop(directory, customers=400)
    engage.ok("deploy")
    engage.ok("data-contract", "init", "--activity", "online_shop.csv")
    return engage


@pytest.fixture(scope="module")
def imported(shop: Engage) -> Any:
    return shop.read("import-data", "--contract", "contract.toml", "--activity", "online_shop.csv")


def test_a_shop_gets_predictions_from_its_receipts(shop: Engage, imported: Any) -> None:
    checked = shop.read("data-contract", "check", "contract.toml", "--activity", "online_shop.csv")
    assert checked["possible"]
    assert imported["customer_count"] == checked["customers"]
    assert imported["weeks_there"] == checked["weeks"] == 60
    run = shop.read("run-pipeline")
    assert run["output"]["as_of"] == checked["as_of"]
    # A week in which the shop was closed is a week like any other to the crawler and to Athena.
    assert "2010-12-27" in {key.split("=")[1][:10] for key in shop.keys("raw", "activity/")}

    contract = json.loads(shop.object("raw", "_contract.json"))
    assert contract["measures"][0]["name"] == "events"
    evaluation: Any = shop.document(f"runs/{run['run_id']}/evaluation.json")
    churn = evaluation["targets"]["churn"]
    assert churn["cutoff"] == checked["splits"]["churn"]["test"]
    assert 0.6 < churn["challenger"]["all"]["roc_auc"] <= 1, "receipts say who has left"

    customer = shop.rows("SELECT customer_id FROM predictions ORDER BY churn_probability DESC LIMIT 1")[0]
    (prediction,) = shop.read("predict", customer["customer_id"])["predictions"]
    assert 0 <= prediction["churn_probability"] <= 1
    countries = shop.rows("SELECT DISTINCT country FROM predictions ORDER BY 1")
    assert "Côte d'Ivoire" in {row["country"] for row in countries}


def test_without_its_contract_more_data_of_a_shop_are_refused(shop: Engage, imported: Any) -> None:
    refused = shop("import-data", "--activity", "online_shop.csv")
    assert refused.code == 2
    assert "follow the contract 'contract'" in refused.err


def test_the_commands_of_the_contract_say_what_to_do_next(shop: Engage) -> None:
    again = shop("data-contract", "init", "--activity", "online_shop.csv")
    assert again.code == 2
    assert "contract.toml is there already" in again.err
    assert "--force" in again.err
    example = shop.ok("data-contract", "init", "--out", "example.toml")
    assert "Next: read it" in example.err
    assert "weeks needed: 48" in shop.ok("data-contract", "check", "example.toml").out
    (shop.directory / "people.csv").write_text("customer_id,churned\na,1\nb,0\n")
    shop.ok("data-contract", "init", "--customers", "people.csv", "--out", "people.toml")
    nothing = shop("data-contract", "check", "people.toml", "--customers", "people.csv")
    assert nothing.code == 2
    assert "There is no history of activity" in nothing.out
    assert "Traceback" not in nothing.err
