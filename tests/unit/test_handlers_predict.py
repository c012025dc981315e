"""The predict handler: requests, cache, online features, jobs. Real model, moto's S3 and DynamoDB."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import numpy as np
import pytest

from tests.unit import handlers_support as support

# The support module makes the handlers importable.
# isort: split
from common import aws, s3
from common.errors import ConfigError, InputError
from common.settings import Settings
from engage_ml.blocks import FeatureBlock
from engage_ml.contract import shard_of
from engage_ml.dictionary import default
from engage_ml.score import Model, feature_types

N_SHARDS = 2
IDS = [f"C{n:04d}" for n in range(60)]

FEATURE_NAMES, CATEGORICAL = default().names, default().categorical


def small_model(block: FeatureBlock) -> Model:
    """Three small boosters on random labels."""
    import xgboost

    rng = np.random.default_rng(3)
    categories = {name: list(block.vocabulary[name]) for name in CATEGORICAL}
    types = feature_types(FEATURE_NAMES, categories)
    boosters = {}
    for name in ("churn", "engagement", "value"):
        label = rng.integers(0, 2, len(block)).astype(float)
        data = xgboost.DMatrix(block.values, label=label, feature_types=types, enable_categorical=True)
        params = {"objective": "binary:logistic", "max_depth": 2, "nthread": 1, "seed": 1}
        boosters[name] = xgboost.train(params, data, num_boost_round=3)
    points = np.array([0.0, 1.0])
    return Model("m-1", FEATURE_NAMES, categories, boosters, calibration=(points, points), value_scale=10.0)


def block_of(ids: list[str]) -> FeatureBlock:
    rng = np.random.default_rng(5)
    values = rng.integers(0, 7, (len(IDS), len(FEATURE_NAMES))).astype(np.float32)
    for at, name in enumerate(FEATURE_NAMES):
        if name in CATEGORICAL:
            values[:, at] %= 2
    vocabulary = {name: ["a", "b"] for name in CATEGORICAL}
    rows = [IDS.index(i) for i in ids]
    return FeatureBlock(np.array(ids), FEATURE_NAMES, values[rows], vocabulary)


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model(block_of(IDS))


def publish(run_id: str, version: str = "m-1") -> None:
    """The online files of a run, and the pointer to them."""
    for shard in range(N_SHARDS):
        ids = [i for i in IDS if shard_of(i, N_SHARDS) == shard]
        for name, body in block_of(ids).to_bytes().items():
            s3.put_bytes("lake", f"online/run={run_id}/shard={shard}/{name}", body)
    pointer = {"run_id": run_id, "as_of": "2026-03-02", "n_shards": N_SHARDS, "model_version": version}
    s3.put_json("lake", "online/current.json", pointer)


class World:
    """An installation with a published run, a clock to turn, and the API."""

    def __init__(self, model: Model) -> None:
        self.now = 1_000_000.0
        self.module = support.load("predict")
        for name, body in model.to_files().items():
            s3.put_bytes("lake", f"models/m-1/{name}", body)
        publish("run-1")
        boto3.client("dynamodb").create_table(
            TableName="engage-test-cache",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        server = self.module.Server("lake", clock=lambda: self.now)
        self.api = self.module.PredictApi(Settings(), server, clock=lambda: self.now)

    def post(self, body: Any) -> tuple[int, dict[str, Any]]:
        text = body if isinstance(body, str) else json.dumps(body)
        response = self.api.answer({"httpMethod": "POST", "body": text})
        return response["statusCode"], json.loads(response["body"])

    def get(self, job_id: str, **query: str) -> tuple[int, dict[str, Any]]:
        event = {
            "httpMethod": "GET",
            "pathParameters": {"job_id": job_id},
            "queryStringParameters": query or None,
        }
        response = self.api.answer(event)
        return response["statusCode"], json.loads(response["body"])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, model: Model) -> Any:
    with support.cloud(monkeypatch):
        yield World(model)


def test_a_miss_is_scored_like_the_batch_and_the_second_time_comes_from_the_cache(
    world: World, model: Model
) -> None:
    status, first = world.post({"customer_ids": ["C0007"]})
    assert status == 200
    found = first["predictions"][0]
    expected = model.predict(block_of(["C0007"]))
    assert found["churn_probability"] == pytest.approx(float(expected.churn_probability[0]), abs=1e-6)
    assert (found["cached"], found["age_seconds"], found["as_of"]) == (False, 0, "2026-03-02")
    assert len(found["reasons"]) == 3
    assert set(found["reasons"][0]) == {"feature", "text", "effect"}
    world.now += 30
    _, second = world.post({"customer_ids": ["C0007"]})
    assert second["predictions"][0] == {**found, "cached": True, "age_seconds": 30}


def test_an_item_past_its_time_is_never_served_although_dynamodb_still_has_it(world: World) -> None:
    world.post({"customer_ids": ["C0007"]})
    world.now += 3600
    _, body = world.post({"customer_ids": ["C0007"]})
    assert body["predictions"][0]["cached"] is False
    assert boto3.client("dynamodb").scan(TableName="engage-test-cache")["Count"] == 1


def test_a_new_run_is_taken_up_within_a_minute_and_never_answered_from_the_old_cache(world: World) -> None:
    world.post({"customer_ids": ["C0007"]})
    publish("run-2")
    world.now += 59
    assert world.post({"customer_ids": ["C0007"]})[1]["predictions"][0]["cached"] is True
    world.now += 1
    assert world.post({"customer_ids": ["C0007"]})[1]["predictions"][0]["cached"] is False


def test_a_hundred_customers_come_in_the_order_asked_for_and_unknown_ones_are_listed(world: World) -> None:
    asked = ["nobody", *reversed(IDS), "C0001", "C00070"]
    status, body = world.post({"customer_ids": asked})
    assert status == 200
    assert [p["customer_id"] for p in body["predictions"]] == list(reversed(IDS))
    assert body["not_found"] == ["nobody", "C00070"]


def test_only_unknown_customers_are_a_404_that_names_them(world: World) -> None:
    status, body = world.post({"customer_ids": ["nobody"]})
    assert status == 404
    assert body["error"]["code"] == "CustomerNotFound"
    assert "nobody" in body["error"]["message"]
    assert body["not_found"] == ["nobody"]


def test_features_are_scored_and_cached_in_any_order(world: World) -> None:
    one = {"features": {"plan": "a", "active_days_4w": 2}}
    status, body = world.post(one)
    assert status == 200
    assert body["predictions"][0]["customer_id"] is None
    assert body["predictions"][0]["cached"] is False
    again = {"features": {"active_days_4w": 2, "plan": "a"}}
    assert world.post(again)[1]["predictions"][0]["cached"] is True
    other = {"features": {"active_days_4w": 3, "plan": "never seen"}}
    assert world.post(other)[0] == 200


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("no json", "not JSON"),
        ([], "JSON object"),
        ({}, "customer_ids or features"),
        ({"customer_ids": ["a"], "features": {}}, "not both"),
        ({"ids": ["a"]}, "not ids"),
        ({"customer_ids": []}, "at least one"),
        ({"customer_ids": ["a", 7]}, r"customer_ids\[1\]"),
        ({"customer_ids": ["a" * 129]}, r"customer_ids\[0\]"),
        ({"features": {}}, "at least one feature"),
        ({"features": {"sesions_4w": 1}}, "did you mean sessions_4w"),
        ({"features": {"sessions_4w": "many"}}, "finite number"),
        ({"features": {"plan": 3}}, "must be a text"),
    ],
)
def test_a_wrong_request_is_a_400_that_says_what_to_change(world: World, body: Any, told: str) -> None:
    status, answer = world.post(body)
    assert status == 400
    assert re.search(told, answer["error"]["message"])


def test_before_the_first_run_there_is_nothing_to_predict_with(world: World) -> None:
    boto3.client("s3").delete_object(Bucket="lake", Key="online/current.json")
    status, body = world.post({"customer_ids": ["C0007"]})
    assert (status, body["error"]["code"]) == (404, "NothingPublished")


def test_the_layout_of_a_file_that_is_no_npy_is_refused(world: World) -> None:
    s3.put_bytes("lake", "online/run=run-1/shard=0/ids.bin", b"garbage")
    s3.put_bytes("lake", "online/run=run-1/shard=1/ids.bin", b"garbage")
    with pytest.raises(ConfigError, match=r"not a \.npy file"):
        world.post({"customer_ids": ["C0007"]})


class Machine:
    """Step Functions as far as a job needs it."""

    class exceptions:  # noqa: N801
        from botocore.exceptions import ClientError

    def __init__(self) -> None:
        self.started: list[dict[str, Any]] = []
        self.status = "RUNNING"

    def start_execution(self, **call: Any) -> dict[str, Any]:
        self.started.append(call)
        return {"executionArn": "arn"}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        if not any(executionArn.endswith(":" + call["name"]) for call in self.started):
            raise self.exceptions.ClientError(
                {"Error": {"Code": "ExecutionDoesNotExist"}}, "DescribeExecution"
            )
        return {"status": self.status, "error": "States.TaskFailed"}


def test_more_than_a_hundred_ids_start_a_job_that_is_polled_page_by_page(world: World) -> None:
    machine = Machine()
    aws.CLIENTS["stepfunctions"] = machine
    asked = [f"X{n:05d}" for n in range(101)]
    status, body = world.post({"customer_ids": asked})
    assert status == 202
    job_id = body["job_id"]
    assert body["status_url"] == f"/predict/{job_id}"
    request = s3.get_bytes("lake", f"bulk/{job_id}/request.jsonl") or b""
    assert [json.loads(line)["customer_id"] for line in request.splitlines()] == asked
    given = json.loads(machine.started[0]["input"])
    assert (given["job_id"], given["run_id"], given["model_version"]) == (job_id, "run-1", "m-1")
    assert world.get(job_id) == (200, {"job_id": job_id, "status": "running"})

    machine.status = "SUCCEEDED"
    rows = [{"customer_id": c, "text": "x" * 20_000} for c in asked[:-1]]
    rows.append({"customer_id": asked[-1], "not_found": True})
    result = "".join(json.dumps(row) + "\n" for row in rows)
    s3.put_bytes("lake", f"bulk/{job_id}/result.jsonl", result.encode())
    found, missing, offset = [], [], "0"
    while offset:
        status, page = world.get(job_id, offset=offset)
        assert status == 200
        assert len(json.dumps(page)) < 1_100_000
        found += [p["customer_id"] for p in page["predictions"]]
        missing += page["not_found"]
        offset = page["next"].split("offset=")[1] if page["next"] else ""
    assert found == asked[:-1]
    assert missing == [asked[-1]]
    assert world.get(job_id, offset="17")[0] == 400

    machine.status = "FAILED"
    assert world.get(job_id)[1]["error"]["code"] == "States.TaskFailed"


@pytest.mark.parametrize("job_id", ["", "../runs/x", "job-20260302t000000-00000000"])
def test_an_unknown_job_is_a_404(world: World, job_id: str) -> None:
    aws.CLIENTS["stepfunctions"] = Machine()
    assert world.get(job_id)[0] == 404


def test_an_unexpected_failure_is_a_plain_500_with_the_reason_in_the_log(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACHE_TABLE", "no-such-table")
    response = world.module.handler({"httpMethod": "POST", "body": '{"customer_ids": ["C0007"]}'}, None)
    assert response["statusCode"] == 500
    assert "no-such-table" not in response["body"]
    printed = capsys.readouterr().out
    assert "ResourceNotFoundException" in printed
    assert "PredictionLatencyMs" in printed


def test_too_many_ids_are_refused() -> None:
    request = support.load("predict").request
    with pytest.raises(InputError, match="more than 50000"):
        request.parse_ids([f"C{n}" for n in range(50_001)])


def test_an_answer_says_once_what_its_numbers_mean(world: World) -> None:
    from tests.unit.ask_support import SHOP

    _, body = world.post({"customer_ids": ["C0007", "C0008"]})
    assert body["about"]["horizon_weeks"] == {"engagement": 4, "churn": 4, "value": 12}
    assert (body["about"]["currency"], body["about"]["value_unit"]) == ("USD", "USD")
    assert body["about"]["meanings"]["expected_value"] == "spend in the next 12 weeks"
    pointer = s3.get_json("lake", "online/current.json") or {}
    s3.put_json("lake", "online/current.json", {**pointer, "contract": SHOP.to_dict()})
    world.now += 61
    status, body = world.post({"customer_ids": ["nobody"]})
    assert status == 404
    assert body["about"]["currency"] == "GBP"
    assert body["about"]["horizon_weeks"]["churn"] == 12


def test_category_values_that_the_model_never_saw_are_named_also_from_the_cache(world: World) -> None:
    given = {"features": {"plan": "platinum", "country": "a", "age": 30}}
    for cached in (False, True):
        (prediction,) = world.post(given)[1]["predictions"]
        assert prediction["cached"] is cached
        assert prediction["unknown_values"] == {"plan": "platinum"}
    (known,) = world.post({"features": {"plan": "a"}})[1]["predictions"]
    assert known["unknown_values"] == {}
