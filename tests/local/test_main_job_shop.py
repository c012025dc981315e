"""The main job on other data than the synthetic ones: events of a shop, in pounds, churn over 12 weeks."""

import io
import json
import random
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from main_job_support import Engage

from tests.unit.ask_support import SHOP

pytestmark = pytest.mark.local

CUSTOMERS, WEEKS = 300, 52
FIRST_WEEK = date(2024, 1, 1)
END = FIRST_WEEK + timedelta(weeks=WEEKS)
COUNTRIES = ("United Kingdom", "Germany", "EIRE")


def customers() -> list[dict[str, Any]]:
    return [
        {"customer_id": f"S{n:05d}", "signup_date": date(2023, 11, 6), "country": COUNTRIES[n % 3]}
        for n in range(CUSTOMERS)
    ]


def events(week: date) -> list[dict[str, Any]]:
    """Each customer buys with a rate of its own until the week in which it leaves, if it does."""
    found = []
    for n in range(CUSTOMERS):
        chance = random.Random(n)
        rate, leaves = chance.uniform(0.15, 0.9), chance.randint(5, 2 * WEEKS)
        draw = random.Random(f"{n} {week}")
        if (week - FIRST_WEEK).days // 7 < leaves and draw.random() < rate:
            when = datetime(week.year, week.month, week.day, 10) + timedelta(days=draw.randint(0, 6))
            found.append(
                {
                    "customer_id": f"S{n:05d}",
                    "event_time": when,
                    "event_type": "Buy",
                    "amount": round(draw.uniform(5, 80), 2),
                }
            )
    return found


@pytest.fixture(scope="module")
def shop(main_home: Any) -> Engage:
    """The environment `shop` after its run."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    directory = main_home / "work-shop"
    directory.mkdir()
    engage = Engage(main_home, "shop", directory)
    engage.ok("deploy")

    def put(key: str, rows: list[dict[str, Any]]) -> None:
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), sink)
        engage.client("s3").put_object(Bucket=engage.bucket("raw"), Key=key, Body=sink.getvalue())

    put("customers/part-0.parquet", customers())
    for number in range(WEEKS):
        week = FIRST_WEEK + timedelta(weeks=number)
        put(f"activity/week={week}/part-0.parquet", events(week))
    contract = json.dumps(SHOP.to_dict()).encode()
    engage.client("s3").put_object(Bucket=engage.bucket("raw"), Key="_contract.json", Body=contract)
    engage.ok("run-pipeline")
    return engage


def test_the_columns_of_the_shop_are_published_with_their_meanings(shop: Engage) -> None:
    table = shop.client("glue").get_table(DatabaseName="engage_shop", Name="predictions")["Table"]
    told = {c["Name"]: c["Comment"] for c in table["StorageDescriptor"]["Columns"]}
    assert told["expected_value"] == "spend in the next 12 weeks (GBP)"
    assert "plan" not in told


def test_questions_about_the_shop_are_answered_in_pounds_and_twelve_weeks(shop: Engage) -> None:
    answer = shop.read("ask", "Which countries have the highest churn risk?")
    expected = shop.rows(
        "SELECT country, avg(churn_probability) AS p FROM predictions "
        f"WHERE as_of = '{END}' GROUP BY country ORDER BY p DESC"
    )
    assert re.search(rf"by country: {expected[0]['country']} with", answer["answer"])
    assert "no activity in the next 12 weeks" in answer["answer"]
    value = shop.read("ask", "total expected value by country")["answer"]
    total = shop.rows(f"SELECT sum(expected_value) AS v FROM predictions WHERE as_of = '{END}'")
    told = [float(n.replace(",", "")) for n in re.findall(r"([\d,]+\.\d\d) GBP$", value, re.MULTILINE)]
    assert len(told) == 3
    assert sum(told) == pytest.approx(float(total[0]["v"]), abs=0.02)
    assert "spend in the next 12 weeks, in GBP" in value
    assert "(country United Kingdom)" in shop.read("ask", "churn in the UK")["answer"]
    assert "do not understand" in shop.read("ask", "Which plans have the highest churn?")["answer"]


def test_a_definition_of_the_shop_is_its_own(shop: Engage) -> None:
    assert "no activity in the next 12 weeks" in shop.read("ask", "How is churn defined?")["answer"]
    assert "an event of the type Buy" in shop.read("ask", "What does active day mean?")["answer"]


def test_a_prediction_of_the_shop_says_its_units(shop: Engage) -> None:
    answer = shop.read("predict", "S00001")
    assert answer["about"]["currency"] == "GBP"
    assert answer["about"]["horizon_weeks"] == {"engagement": 4, "churn": 12, "value": 12}
    assert "GBP" in shop.ok("predict", "S00001").out
    given = '{"country": "Atlantis"}'
    assert shop.read("predict", "--features", given)["predictions"][0]["unknown_values"] == {
        "country": "Atlantis"
    }


def test_the_report_of_the_shop_groups_by_its_own_columns(shop: Engage) -> None:
    path = shop.directory / "report.html"
    shop.ok("report", "--output", str(path))
    assert "EIRE" in path.read_text(encoding="utf-8")


def test_a_run_of_an_older_week_is_added_and_everything_goes_on_to_speak_of_the_newest(shop: Engage) -> None:
    older = END - timedelta(weeks=4)
    pointer = shop.document("online/current.json")
    done = shop.ok("run-pipeline", "--as-of", str(older))
    assert f"as_of = '{older}'" in done.out
    assert f"stay those of {END}" in done.out
    assert f"stay those of {END}" in shop.ok("runs", "show").out
    assert shop.document("online/current.json") == pointer
    dates = shop.rows("SELECT as_of, count(*) AS n FROM predictions GROUP BY as_of ORDER BY as_of")
    assert [row["as_of"] for row in dates] == [str(older), str(END)]
    assert shop.read("predict", "S00002")["predictions"][0]["as_of"] == str(END)
    assert f"(as of {END})" in shop.read("ask", "How many customers are there?")["answer"]
    assert str(END) in shop.object("lake", "knowledge/overview.md").decode()
