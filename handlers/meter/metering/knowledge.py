"""Bedrock: what reading the run's knowledge documents into the knowledge base cost.

Bedrock reports documents, not tokens: tokens and vectors are computed from the documents' sizes.
"""

import math
from decimal import Decimal
from typing import Any

from metering.records import Client, Scope, Used

CHARACTERS_PER_TOKEN = Decimal("4.7")  # the average for English that the Titan Text Embeddings guide gives
CHUNK_TOKENS = 300  # the default chunking of a knowledge base
DIMENSIONS = 1024
PUT_MINIMUM_BYTES = 128 * 1024  # S3 Vectors bills at least this for every PutVectors call
_GB = Decimal(10**9)


def usage(
    client: Client, scope: Scope, lake: str, knowledge_base_id: str | None, data_source_id: str | None
) -> list[Used]:
    """Embedding tokens and vector writes of the ingestion jobs that began during the run, if any."""
    if not knowledge_base_id or not data_source_id:
        return []
    jobs = client("bedrock-agent").list_ingestion_jobs(
        knowledgeBaseId=knowledge_base_id, dataSourceId=data_source_id, maxResults=20
    )["ingestionJobSummaries"]
    indexed = sum(_indexed(job) for job in jobs if scope.covers(job["startedAt"]))
    if not indexed:
        return []
    sizes = [
        item["Size"]
        for page in client("s3").get_paginator("list_objects_v2").paginate(Bucket=lake, Prefix="knowledge/")
        for item in page.get("Contents", [])
        if item["Key"].endswith(".md")
    ]
    # The largest documents, as we cannot tell which ones changed: the higher of the possible bills.
    sizes = sorted(sizes, reverse=True)[:indexed]
    return _lines(sizes)


def _indexed(job: dict[str, Any]) -> int:
    statistics = job.get("statistics") or {}
    return int(statistics.get("numberOfNewDocumentsIndexed", 0)) + int(
        statistics.get("numberOfModifiedDocumentsIndexed", 0)
    )


def _lines(sizes: list[int]) -> list[Used]:
    tokens = [math.ceil(size / CHARACTERS_PER_TOKEN) for size in sizes]
    vectors = [max(1, math.ceil(count / CHUNK_TOKENS)) for count in tokens]
    # Each vector carries its numbers and, as metadata, the text of its chunk.
    payload = [4 * DIMENSIONS * n + size for n, size in zip(vectors, sizes, strict=True)]
    written = sum(max(PUT_MINIMUM_BYTES, size) for size in payload)
    documents = f"{len(sizes)} documents, {sum(sizes)} bytes"
    source = "ListIngestionJobs: documents indexed; ListObjectsV2: their sizes"
    vector_note = f"{CHUNK_TOKENS} tokens a chunk, one PutVectors of at least 128 KB a document"
    return [
        Used(
            "Bedrock",
            "Titan Text Embeddings V2 (amazon.titan-embed-text-v2:0) input",
            Decimal(sum(tokens)) / 10**6,
            "1M tokens",
            documents,
            source,
            assumption=f"{CHARACTERS_PER_TOKEN} characters a token",
        ),
        Used(
            "S3 Vectors",
            "PutVectors",
            Decimal(written) / _GB,
            "GB",
            f"{documents}, {sum(vectors)} vectors",
            source,
            assumption=vector_note,
        ),
        Used(
            "S3 Vectors",
            "storage (logical: 4 B x dim + metadata + key)",
            Decimal(sum(payload)) / _GB,
            "GB-month",
            f"{sum(vectors)} vectors",
            source,
            per="month",
            assumption=vector_note,
        ),
    ]
