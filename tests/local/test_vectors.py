"""S3 Vectors at the embedded endpoint, and a knowledge base that was made through its API."""

import json
import math
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.local
Client = Callable[..., Any]
PLACES = {
    "berlin": ([1.0, 0.0, 0.0], {"country": "DE", "people": 3.7, "capital": True, "tags": ["river", "wall"]}),
    "bonn": ([0.9, 0.1, 0.0], {"country": "DE", "people": 0.3, "capital": False}),
    "paris": ([0.0, 1.0, 0.0], {"country": "FR", "people": 2.1, "capital": True, "tags": ["river"]}),
    "oslo": ([0.0, 0.0, 1.0], {"country": "NO", "people": 0.7, "capital": True}),
}


@pytest.fixture
def index(aws: Client) -> dict[str, str]:
    """An index with the places in it, as the parameters that name it."""
    bucket = f"bucket-{uuid4().hex[:8]}"
    named = {"vectorBucketName": bucket, "indexName": "places"}
    aws("s3vectors").create_vector_bucket(vectorBucketName=bucket)
    aws("s3vectors").create_index(**named, dataType="float32", dimension=3, distanceMetric="cosine")
    vectors = [
        {"key": key, "data": {"float32": data}, "metadata": metadata}
        for key, (data, metadata) in PLACES.items()
    ]
    aws("s3vectors").put_vectors(**named, vectors=vectors)
    return named


def query(aws: Client, index: dict[str, str], **more: Any) -> list[dict[str, Any]]:
    asked = {"topK": 10, "queryVector": {"float32": [1.0, 0.0, 0.0]}, **more}
    found: list[dict[str, Any]] = aws("s3vectors").query_vectors(**index, **asked)["vectors"]
    return found


def test_the_nearest_come_first_with_their_true_distance(aws: Client, index: dict[str, str]) -> None:
    found = query(aws, index, returnDistance=True, topK=3)
    assert [one["key"] for one in found[:2]] == ["berlin", "bonn"]
    assert found[0]["distance"] == pytest.approx(0, abs=1e-6)
    assert found[1]["distance"] == pytest.approx(1 - 0.9 / math.hypot(0.9, 0.1), abs=1e-6)
    assert len(found) == 3


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"country": "DE"}, {"berlin", "bonn"}),
        ({"country": {"$ne": "DE"}}, {"paris", "oslo"}),
        ({"people": {"$gt": 0.7}}, {"berlin", "paris"}),
        ({"people": {"$gte": 0.7, "$lt": 3}}, {"paris", "oslo"}),
        ({"capital": True, "country": {"$in": ["DE", "NO"]}}, {"berlin", "oslo"}),
        ({"country": {"$nin": ["DE", "NO"]}}, {"paris"}),
        ({"tags": "river"}, {"berlin", "paris"}),
        ({"tags": {"$exists": False}}, {"bonn", "oslo"}),
        ({"$or": [{"country": "FR"}, {"people": {"$lte": 0.3}}]}, {"paris", "bonn"}),
        ({"$and": [{"capital": True}, {"$or": [{"country": "DE"}, {"country": "NO"}]}]}, {"berlin", "oslo"}),
        ({"country": "XX"}, set()),
    ],
)
def test_a_filter_looks_at_the_metadata(
    aws: Client, index: dict[str, str], condition: dict[str, Any], expected: set[str]
) -> None:
    assert {one["key"] for one in query(aws, index, filter=condition)} == expected


def test_vectors_are_read_overwritten_and_deleted_by_key(aws: Client, index: dict[str, str]) -> None:
    vectors = aws("s3vectors")
    vectors.put_vectors(**index, vectors=[{"key": "oslo", "data": {"float32": [0.0, 0.5, 0.5]}}])
    (oslo,) = vectors.get_vectors(**index, keys=["oslo", "rome"], returnData=True, returnMetadata=True)[
        "vectors"
    ]
    assert (oslo["data"]["float32"], oslo["metadata"]) == ([0.0, 0.5, 0.5], {})
    vectors.delete_vectors(**index, keys=["oslo", "rome"])
    assert vectors.get_vectors(**index, keys=["oslo"])["vectors"] == []


def test_lists_come_in_pages_and_in_segments(aws: Client, index: dict[str, str]) -> None:
    vectors = aws("s3vectors")
    many = [{"key": f"k{n:03}", "data": {"float32": [1.0, n, 0.0]}} for n in range(250)]
    vectors.put_vectors(**index, vectors=many)
    pages = list(vectors.get_paginator("list_vectors").paginate(**index, PaginationConfig={"PageSize": 100}))
    assert [len(page["vectors"]) for page in pages] == [100, 100, 54]
    halves = [vectors.list_vectors(**index, segmentCount=2, segmentIndex=n)["vectors"] for n in (0, 1)]
    keys = [{one["key"] for one in half} for half in halves]
    assert (len(keys[0] | keys[1]), keys[0] & keys[1]) == (254, set())
    bucket = index["vectorBucketName"]
    for n in range(5):
        vectors.create_index(
            vectorBucketName=bucket,
            indexName=f"more-{n}",
            dataType="float32",
            dimension=2,
            distanceMetric="euclidean",
        )
    listed = vectors.get_paginator("list_indexes").paginate(
        vectorBucketName=bucket, prefix="more-", PaginationConfig={"PageSize": 2}
    )
    assert [[one["indexName"] for one in page["indexes"]] for page in listed] == [
        ["more-0", "more-1"], ["more-2", "more-3"], ["more-4"],
    ]  # fmt: skip
    names = [
        one["vectorBucketName"]
        for page in vectors.get_paginator("list_vector_buckets").paginate(PaginationConfig={"PageSize": 1})
        for one in page["vectorBuckets"]
    ]
    assert bucket in names


def test_what_s3_vectors_refuses_is_refused(aws: Client, index: dict[str, str]) -> None:
    vectors = aws("s3vectors")
    with pytest.raises(ClientError, match="dimension 3"):
        vectors.put_vectors(**index, vectors=[{"key": "a", "data": {"float32": [1.0]}}])
    with pytest.raises(ClientError, match="zero vector"):
        query(aws, index, queryVector={"float32": [0.0, 0.0, 0.0]})
    with pytest.raises(ClientError, match="ConflictException"):
        vectors.delete_vector_bucket(vectorBucketName=index["vectorBucketName"])
    with pytest.raises(ClientError, match="NotFoundException"):
        query(aws, {**index, "indexName": "missing"})


def test_a_knowledge_base_that_the_api_made_ingests_and_retrieves_with_scores(
    aws: Client, role: Callable[..., str]
) -> None:
    mark = uuid4().hex[:8]
    bucket, vector_bucket = f"docs-{mark}", f"kb-{mark}"
    aws("s3").create_bucket(Bucket=bucket)
    texts = {
        "churn.md": "Churn means that a customer has no active day in the next four weeks.",
        "soup.md": "Cut the onions, add water, and let the soup simmer for an hour.",
    }
    for name, text in texts.items():
        aws("s3").put_object(Bucket=bucket, Key=f"docs/{name}", Body=text.encode())
    aws("s3vectors").create_vector_bucket(vectorBucketName=vector_bucket)
    arn = aws("s3vectors").create_index(
        vectorBucketName=vector_bucket,
        indexName="docs",
        dataType="float32",
        dimension=1024,
        distanceMetric="cosine",
    )["indexArn"]
    model = "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0"
    may = role(
        "bedrock",
        ("bedrock:InvokeModel", model),
        ("s3vectors:*", arn),
        ("s3:ListBucket", f"arn:aws:s3:::{bucket}"),
        ("s3:GetObject", f"arn:aws:s3:::{bucket}/*"),
    )
    agent = aws("bedrock-agent")
    base = agent.create_knowledge_base(
        name=f"kb-{mark}",
        roleArn=may,
        knowledgeBaseConfiguration={
            "type": "VECTOR", "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": model},
        },
        storageConfiguration={"type": "S3_VECTORS", "s3VectorsConfiguration": {"indexArn": arn}},
    )["knowledgeBase"]["knowledgeBaseId"]  # fmt: skip
    s3 = {"bucketArn": f"arn:aws:s3:::{bucket}", "inclusionPrefixes": ["docs/"]}
    source = agent.create_data_source(
        knowledgeBaseId=base, name="docs", dataSourceConfiguration={"type": "S3", "s3Configuration": s3}
    )["dataSource"]["dataSourceId"]
    job = agent.start_ingestion_job(knowledgeBaseId=base, dataSourceId=source)["ingestionJob"][
        "ingestionJobId"
    ]
    done = agent.get_ingestion_job(knowledgeBaseId=base, dataSourceId=source, ingestionJobId=job)[
        "ingestionJob"
    ]
    assert (done["status"], done["statistics"]["numberOfNewDocumentsIndexed"]) == ("COMPLETE", 2)
    found = aws("bedrock-agent-runtime").retrieve(
        knowledgeBaseId=base, retrievalQuery={"text": "When does a customer churn?"}
    )["retrievalResults"]
    assert found[0]["location"]["s3Location"]["uri"].endswith("churn.md")
    assert 1 >= found[0]["score"] > found[1]["score"]
    # The score is the cosine of what the embedding model says, which anyone can ask.
    bodies = [json.dumps({"inputText": text}) for text in ("When does a customer churn?", texts["churn.md"])]
    asked, text = (
        json.loads(
            aws("bedrock-runtime").invoke_model(modelId=model.rpartition("/")[2], body=body)["body"].read()
        )["embedding"]
        for body in bodies
    )
    assert found[0]["score"] == pytest.approx(sum(a * b for a, b in zip(asked, text, strict=True)), abs=1e-5)
