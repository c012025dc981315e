"""Knowledge bases that really ingest and retrieve: S3 documents -> chunks -> embeddings -> S3 Vectors.

MiniStack keeps the records of knowledge bases and data sources; creation is checked more strictly here,
ingestion and retrieval are ours. The knowledge base's role must allow every read and write, as on AWS.
"""

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any

from engage_cli.local.bedrock import chunks, filters, iam, s3vectors
from engage_cli.local.bedrock.embedding import embed
from engage_cli.local.bedrock.errors import (
    Response,
    ServiceError,
    error_response,
    json_response,
    not_found,
    parse_body,
    validation,
)
from engage_cli.local.bedrock.models import EMBEDDING_MODEL
from engage_cli.local.bedrock.vectors import Index

Record = dict[str, Any]
TEXT, SYSTEM = "AMAZON_BEDROCK_TEXT", "AMAZON_BEDROCK_METADATA"
_URI, _SOURCE, _CHUNK = (
    "x-amz-bedrock-kb-source-uri",
    "x-amz-bedrock-kb-data-source-id",
    "x-amz-bedrock-kb-chunk-id",
)
_JOBS = re.compile(r"^/knowledgebases/([^/]+)/datasources/([^/]+)/ingestionjobs/?$")
_DATA_SOURCE = re.compile(r"^/knowledgebases/([^/]+)/datasources/([^/]+)/?$")
_BASE = re.compile(r"^/knowledgebases/([^/]+)/?$")
_RETRIEVE = re.compile(r"^/knowledgebases/([^/]+)/retrieve/?$")


class KnowledgeService:
    """Answers bedrock-agent and bedrock-agent-runtime; `agent` is MiniStack's bedrock_agent module."""

    def __init__(self, vectors: s3vectors.VectorService, agent: Any) -> None:
        self._vectors = vectors
        self._agent = agent

    async def handle_agent(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Response:
        """Control plane: checks and ingestion here, plain records in MiniStack."""
        try:
            if method == "PUT" and path.rstrip("/") == "/knowledgebases":
                self.check_base(parse_body(body))
            elif method == "PUT" and (found := _JOBS.match(path)):
                base_id, source_id = found.groups()
                return self.start_job(base_id, source_id, parse_body(body))
            elif method == "DELETE" and (found := _DATA_SOURCE.match(path)):
                self.forget(*found.groups())
            elif method == "DELETE" and (found := _BASE.match(path)):
                self.check_unused(found.group(1))
        except ServiceError as error:
            return error_response(error)
        answer: Response = await self._agent.handle_request(method, path, headers, body, query_params)
        return answer

    async def handle_runtime(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Response:
        """Data plane: Retrieve; agents, flows and generated answers are refused by name."""
        try:
            found = _RETRIEVE.match(path)
            if method != "POST" or found is None:
                raise ServiceError(
                    "NotImplementedException",
                    f"{method} {path} of Bedrock agents is not offered locally.",
                    501,
                )
            return json_response(self.retrieve(found.group(1), parse_body(body)))
        except ServiceError as error:
            return error_response(error)

    # -- records

    def base(self, base_id: str) -> Record:
        """Return the knowledge base's record, or a ResourceNotFoundException."""
        record = self._agent._knowledge_bases.get(base_id)
        if record is None:
            raise not_found(f"Knowledge Base with id {base_id} does not exist.")
        return dict(record)

    def data_source(self, base_id: str, source_id: str) -> Record:
        """Return the data source's record, or a ResourceNotFoundException."""
        record = self._agent._data_sources.get(f"{base_id}/{source_id}")
        if record is None:
            raise not_found(f"DataSource with id {source_id} in knowledge base {base_id} does not exist.")
        return dict(record)

    def check_base(self, request: Record) -> None:
        """Raise when a knowledge base of this shape would not work: store, index, dimension or model."""
        storage = request.get("storageConfiguration") or {}
        if storage.get("type") != "S3_VECTORS":
            raise validation(f"Storage type {storage.get('type')} is not offered locally: use S3_VECTORS.")
        vector = (request.get("knowledgeBaseConfiguration") or {}).get(
            "vectorKnowledgeBaseConfiguration"
        ) or {}
        if not str(vector.get("embeddingModelArn", "")).endswith(EMBEDDING_MODEL):
            raise validation(f"The local target embeds with {EMBEDDING_MODEL} only.")
        role = str(request.get("roleArn", ""))
        index = self._index({"StorageConfiguration": storage, "RoleArn": role})
        dimensions = _dimensions(request.get("knowledgeBaseConfiguration") or {})
        if index.dimension != dimensions:
            raise validation(
                "The knowledge base storage configuration provided is invalid... Query vector contains "
                "invalid "
                f"values or is invalid for this index: index {index.dimension}, model {dimensions} "
                f"dimensions."
            )
        iam.require_role(role, "s3vectors:QueryVectors", s3vectors.index_arn(index))

    def check_unused(self, base_id: str) -> None:
        """Raise when the knowledge base still has data sources."""
        if any(key.startswith(f"{base_id}/") for key in self._agent._data_sources):
            raise ServiceError("ConflictException", f"Knowledge base {base_id} still has data sources.", 409)

    def forget(self, base_id: str, source_id: str) -> None:
        """Remove a data source's vectors when its deletion policy says so."""
        source = self.data_source(base_id, source_id)
        if source.get("DataDeletionPolicy", "DELETE") != "DELETE":
            return
        try:
            index = self._index(self.base(base_id))
        except ServiceError as error:
            if error.status != 404:
                raise
            return  # the index is gone, and the vectors with it
        mine = [
            key
            for key, meta in zip(index.keys, index.metadata, strict=True)
            if meta.get(_SOURCE) == source_id
        ]
        self._vectors.store().delete(index, mine)

    def _index(self, base: Record) -> Index:
        configuration = (base.get("StorageConfiguration") or {}).get("s3VectorsConfiguration") or {}
        return self._vectors.index(self._vectors.store(), configuration)

    # -- ingestion

    def start_job(self, base_id: str, source_id: str, request: Record) -> Response:
        """Run an ingestion job to its end; GetIngestionJob then shows how it ended."""
        base, source = self.base(base_id), self.data_source(base_id, source_id)
        job_id, started = self._agent._id("IJ"), _now()
        statistics = dict.fromkeys(_STATISTICS, 0)
        failures: list[str] = []
        try:
            self._ingest(base, source, statistics, failures)
            status = "COMPLETE"
        except ServiceError as error:
            status = "FAILED"
            failures.append(error.message)
        record = {
            "DataSourceId": source_id,
            "KnowledgeBaseId": base_id,
            "IngestionJobId": job_id,
            "Status": status,
            "StartedAt": started,
            "UpdatedAt": _now(),
            "Description": request.get("description", ""),
            "Statistics": statistics,
            "FailureReasons": failures,
        }
        self._agent._ingestion_jobs[f"{base_id}/{source_id}/{job_id}"] = record
        view = self._agent._camelize(record) | {"status": "STARTING"}
        return json_response({"ingestionJob": view}, 202)

    def _ingest(self, base: Record, source: Record, statistics: dict[str, int], failures: list[str]) -> None:
        index, role = self._index(base), base["RoleArn"]
        limits = chunks.settings(source.get("VectorIngestionConfiguration"))
        documents = _Documents(source, role)
        known = _hashes(index, source["DataSourceId"])
        iam.require_role(role, "bedrock:InvokeModel", _embedding_arn(base))
        for action in ("PutVectors", "DeleteVectors"):
            iam.require_role(role, f"s3vectors:{action}", s3vectors.index_arn(index))
        seen: set[str] = set()
        for uri, text in documents.read(statistics, failures):
            seen.add(uri)
            digest = hashlib.sha256(text.encode()).hexdigest()
            if known.get(uri) == digest:
                continue
            try:
                self._replace(index, source["DataSourceId"], uri, digest, chunks.split(text, limits), base)
            except ServiceError as error:
                statistics["numberOfDocumentsFailed"] += 1
                failures.append(f"{uri}: {error.message}")
                continue
            key = "numberOfModifiedDocumentsIndexed" if uri in known else "numberOfNewDocumentsIndexed"
            statistics[key] += 1
        for uri in sorted(set(known) - seen):
            self._vectors.store().delete(index, _keys_of(index, source["DataSourceId"], uri))
            statistics["numberOfDocumentsDeleted"] += 1

    def _replace(
        self, index: Index, source: str, uri: str, digest: str, parts: list[str], base: Record
    ) -> None:
        dimensions = _dimensions(base["KnowledgeBaseConfiguration"])
        old = set(_keys_of(index, source, uri))
        rows = []
        for number, part in enumerate(parts):
            key = hashlib.sha256(f"{source}\0{uri}\0{number}".encode()).hexdigest()[:32]
            system = json.dumps({"sha256": digest, "chunk": number})
            metadata = {TEXT: part, SYSTEM: system, _URI: uri, _SOURCE: source, _CHUNK: key}
            rows.append((key, embed(part, dimensions), metadata))
        store = self._vectors.store()
        for start in range(0, len(rows), 500):
            store.put(index, rows[start : start + 500])
        store.delete(index, sorted(old - {key for key, _, _ in rows}))

    # -- retrieval

    def retrieve(self, base_id: str, request: Record) -> Record:
        """Return the chunks nearest to the query; `score` is the cosine similarity, best first."""
        base = self.base(base_id)
        query = str((request.get("retrievalQuery") or {}).get("text") or "")
        if not 1 <= len(query) <= 20_000:
            raise validation("The retrieval query must have between 1 and 20000 characters.")
        search = (request.get("retrievalConfiguration") or {}).get("vectorSearchConfiguration") or {}
        if search.get("overrideSearchType") == "HYBRID":
            raise validation("HYBRID search type is not supported for search operation on index S3_VECTORS.")
        wanted = int(search.get("numberOfResults") or 5)
        if not 1 <= wanted <= 100:
            raise validation("numberOfResults must be between 1 and 100.")
        index = self._index(base)
        arn = s3vectors.index_arn(index)
        iam.require_role(base["RoleArn"], "bedrock:InvokeModel", _embedding_arn(base))
        iam.require_role(base["RoleArn"], "s3vectors:QueryVectors", arn)
        iam.require_role(base["RoleArn"], "s3vectors:GetVectors", arn)
        condition = filters.from_retrieval(search["filter"]) if search.get("filter") else None
        found = self._vectors.store().query(index, embed(query, index.dimension), wanted, condition)
        return {"retrievalResults": [_result(match.metadata, 1.0 - match.distance) for match in found]}


_STATISTICS = (
    "numberOfDocumentsScanned",
    "numberOfMetadataDocumentsScanned",
    "numberOfNewDocumentsIndexed",
    "numberOfModifiedDocumentsIndexed",
    "numberOfMetadataDocumentsModified",
    "numberOfDocumentsDeleted",
    "numberOfDocumentsFailed",
)


class _Documents:
    """The UTF-8 text documents of an S3 data source, read with the knowledge base's role."""

    def __init__(self, source: Record, role: str) -> None:
        configuration = source.get("DataSourceConfiguration") or {}
        if configuration.get("type") != "S3":
            raise validation(f"Data source type {configuration.get('type')} is not offered locally: use S3.")
        s3 = configuration.get("s3Configuration") or {}
        self._bucket = str(s3.get("bucketArn", "")).rsplit(":", 1)[-1]
        self._prefixes = tuple(s3.get("inclusionPrefixes") or ("",))
        self._role = role

    def read(self, statistics: dict[str, int], failures: list[str]) -> list[tuple[str, str]]:
        """Return (uri, text) of every readable document and count what was scanned and what failed."""
        from ministack.services import s3

        bucket = s3._buckets.get(self._bucket)
        if bucket is None:
            raise validation(f"The specified bucket does not exist: {self._bucket}.")
        for prefix in self._prefixes:
            context = {"s3:prefix": prefix}
            iam.require_role(self._role, "s3:ListBucket", f"arn:aws:s3:::{self._bucket}", context)
        documents = []
        for key in sorted(bucket["objects"]):
            if key.endswith("/") or not key.startswith(self._prefixes):
                continue
            if key.endswith(".metadata.json"):
                statistics["numberOfMetadataDocumentsScanned"] += 1
                failures.append(f"{key}: metadata documents are not read locally.")
                continue
            statistics["numberOfDocumentsScanned"] += 1
            iam.require_role(self._role, "s3:GetObject", f"arn:aws:s3:::{self._bucket}/{key}")
            try:
                text = (s3._get_object_data(self._bucket, key) or b"").decode("utf-8")
            except UnicodeDecodeError:
                statistics["numberOfDocumentsFailed"] += 1
                failures.append(f"s3://{self._bucket}/{key} is not UTF-8 text and was not indexed.")
                continue
            documents.append((f"s3://{self._bucket}/{key}", text))
        return documents


def _dimensions(configuration: Record) -> int:
    vector = configuration.get("vectorKnowledgeBaseConfiguration") or {}
    model = (vector.get("embeddingModelConfiguration") or {}).get("bedrockEmbeddingModelConfiguration") or {}
    return int(model.get("dimensions") or 1024)


def _embedding_arn(base: Record) -> str:
    vector = base["KnowledgeBaseConfiguration"].get("vectorKnowledgeBaseConfiguration") or {}
    return str(vector.get("embeddingModelArn", ""))


def _hashes(index: Index, source: str) -> dict[str, str]:
    return {
        meta[_URI]: json.loads(meta[SYSTEM])["sha256"]
        for meta in index.metadata
        if meta.get(_SOURCE) == source
    }


def _keys_of(index: Index, source: str, uri: str) -> list[str]:
    pairs = zip(index.keys, index.metadata, strict=True)
    return [key for key, meta in pairs if meta.get(_SOURCE) == source and meta.get(_URI) == uri]


def _result(metadata: Record, score: float) -> Record:
    visible = {key: value for key, value in metadata.items() if key not in (TEXT, SYSTEM)}
    return {
        "content": {"type": "TEXT", "text": metadata[TEXT]},
        "location": {"type": "S3", "s3Location": {"uri": metadata[_URI]}},
        "score": score,
        "metadata": visible,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
