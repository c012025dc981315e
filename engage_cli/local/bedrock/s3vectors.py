"""The S3 Vectors API over the vector store, one store for each account and region."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engage_cli.local.bedrock import iam
from engage_cli.local.bedrock.errors import (
    Response,
    ServiceError,
    error_response,
    json_response,
    parse_body,
    validation,
)
from engage_cli.local.bedrock.vectors import Bucket, Index, VectorStore

Request = dict[str, Any]
Headers = dict[str, str]


class VectorService:
    """Answers the calls of S3 Vectors. `root` is where the stores live; None keeps them in memory."""

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._stores: dict[tuple[str, str], VectorStore] = {}
        self._operations: dict[str, Callable[[VectorStore, Request, Headers], Request]] = {
            "CreateVectorBucket": self._create_bucket,
            "GetVectorBucket": self._get_bucket,
            "ListVectorBuckets": self._list_buckets,
            "DeleteVectorBucket": self._delete_bucket,
            "CreateIndex": self._create_index,
            "GetIndex": self._get_index,
            "ListIndexes": self._list_indexes,
            "DeleteIndex": self._delete_index,
            "PutVectors": self._put,
            "GetVectors": self._get,
            "ListVectors": self._list,
            "DeleteVectors": self._delete,
            "QueryVectors": self._query,
        }

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of the operations that are real; every other one is refused by name."""
        return tuple(sorted(self._operations))

    def store(self) -> VectorStore:
        """Return the store of the account and region of the present request."""
        from ministack.core.responses import get_account_id, get_region

        scope = (get_account_id(), get_region())
        if scope not in self._stores:
            self._stores[scope] = VectorStore(self._root.joinpath(*scope) if self._root else None)
        return self._stores[scope]

    def reset(self) -> None:
        """Forget every store, on disk too."""
        for store in self._stores.values():
            store.clear()
        self._stores.clear()

    async def handle(
        self, method: str, path: str, headers: Headers, body: bytes, query_params: dict[str, Any]
    ) -> Response:
        """Answer one request."""
        try:
            operation = self._operations.get(path.strip("/"))
            if method != "POST" or operation is None:
                name = path.strip("/").split("/")[0]
                raise ServiceError(
                    "NotImplementedException", f"S3 Vectors {name} ({method}) is not offered locally.", 501
                )
            return json_response(operation(self.store(), parse_body(body), headers))
        except ServiceError as error:
            return error_response(error)

    # -- buckets

    def _create_bucket(self, store: VectorStore, request: Request, headers: Headers) -> Request:
        bucket = store.create_bucket(
            _required(request, "vectorBucketName"), request.get("encryptionConfiguration")
        )
        return {"vectorBucketArn": bucket_arn(bucket.name)}

    def _get_bucket(self, store: VectorStore, request: Request, headers: Headers) -> Request:
        return {"vectorBucket": _bucket_view(store.bucket(bucket_name(request)), full=True)}

    def _list_buckets(self, store: VectorStore, request: Request, headers: Headers) -> Request:
        prefix = request.get("prefix") or ""
        views = [_bucket_view(one, full=False) for one in store.buckets() if one.name.startswith(prefix)]
        page, token = _page(views, request, 500)
        return {"vectorBuckets": page, **token}

    def _delete_bucket(self, store: VectorStore, request: Request, headers: Headers) -> Request:
        store.delete_bucket(bucket_name(request))
        return {}

    # -- indexes

    def _create_index(self, store: VectorStore, request: Request, headers: Headers) -> Request:
        if _required(request, "dataType") != "float32":
            raise validation(f"Invalid data type {request['dataType']!r}: float32 is the only one.")
        dimension = request.get("dimension")
        if not isinstance(dimension, int):
            raise validation("The parameter dimension is required and must be a number.")
        configuration = request.get("metadataConfiguration") or {}
        index = store.create_index(
            bucket_name(request),
            _required(request, "indexName"),
            dimension=dimension,
            metric=_required(request, "distanceMetric"),
            non_filterable=tuple(configuration.get("nonFilterableMetadataKeys") or ()),
        )
        return {"indexArn": index_arn(index)}

    def _get_index(self, store: VectorStore, request: Request, headers: Headers) -> Request:
        index = self.index(store, request)
        view = _index_view(index) | {
            "dataType": "float32",
            "dimension": index.dimension,
            "distanceMetric": index.metric,
            "encryptionConfiguration": store.bucket(index.bucket).encryption,
        }
        if index.non_filterable:
            view["metadataConfiguration"] = {"nonFilterableMetadataKeys": list(index.non_filterable)}
        return {"index": view}

    def _list_indexes(self, store: VectorStore, request: Request, headers: Headers) -> Request:
        indexes = store.bucket(bucket_name(request)).indexes
        prefix = request.get("prefix") or ""
        views = [_index_view(indexes[name]) for name in sorted(indexes) if name.startswith(prefix)]
        page, token = _page(views, request, 500)
        return {"indexes": page, **token}

    def _delete_index(self, store: VectorStore, request: Request, headers: Headers) -> Request:
        store.delete_index(*index_names(request))
        return {}

    def index(self, store: VectorStore, request: Request) -> Index:
        """Return the index that `request` names by ARN or by bucket and name."""
        return store.index(*index_names(request))

    # -- vectors

    def _put(self, store: VectorStore, request: Request, headers: Headers) -> Request:
        vectors = request.get("vectors") or []
        _count(vectors, "vectors", 500)
        rows = [
            (_required(one, "key"), _data(one.get("data")), dict(one.get("metadata") or {}))
            for one in vectors
        ]
        store.put(self.index(store, request), rows)
        return {}

    def _get(self, store: VectorStore, request: Request, headers: Headers) -> Request:
        keys = request.get("keys") or []
        _count(keys, "keys", 100)
        index = self.index(store, request)
        position = {key: number for number, key in enumerate(index.keys)}
        return {"vectors": [_vector_view(index, position[key], request) for key in keys if key in position]}

    def _list(self, store: VectorStore, request: Request, headers: Headers) -> Request:
        index = self.index(store, request)
        if request.get("returnData") or request.get("returnMetadata"):
            iam.require_caller("s3vectors:GetVectors", index_arn(index), headers)
        segments, segment = int(request.get("segmentCount") or 1), int(request.get("segmentIndex") or 0)
        chosen = [number for number in range(len(index.keys)) if number % segments == segment]
        page, token = _page(chosen, request, 500)
        return {"vectors": [_vector_view(index, number, request) for number in page], **token}

    def _delete(self, store: VectorStore, request: Request, headers: Headers) -> Request:
        keys = request.get("keys") or []
        _count(keys, "keys", 500)
        store.delete(self.index(store, request), [str(key) for key in keys])
        return {}

    def _query(self, store: VectorStore, request: Request, headers: Headers) -> Request:
        if request.get("queryMode") not in (None, "STANDARD"):
            raise ServiceError(
                "NotImplementedException", "QueryVectors in ENHANCED mode is not offered locally.", 501
            )
        index = self.index(store, request)
        if request.get("filter") is not None or request.get("returnMetadata"):
            iam.require_caller("s3vectors:GetVectors", index_arn(index), headers)
        top_k = request.get("topK")
        if not isinstance(top_k, int) or not 1 <= top_k <= 10_000:
            raise validation("The parameter topK is required and must be between 1 and 10000.")
        found = store.query(index, _data(request.get("queryVector")), top_k, request.get("filter"))
        views = []
        for match in found:
            view: Request = {"key": match.key}
            if request.get("returnDistance"):
                view["distance"] = match.distance
            if request.get("returnMetadata"):
                view["metadata"] = match.metadata
            views.append(view)
        return {"vectors": views, "distanceMetric": index.metric}


def bucket_arn(name: str) -> str:
    """Return the ARN of a vector bucket in the present account and region."""
    from ministack.core.responses import get_account_id, get_region

    return f"arn:aws:s3vectors:{get_region()}:{get_account_id()}:bucket/{name}"


def index_arn(index: Index) -> str:
    """Return the ARN of a vector index."""
    return f"{bucket_arn(index.bucket)}/index/{index.name}"


def bucket_name(request: Request) -> str:
    """Return the bucket that `request` names, by name or ARN."""
    arn = request.get("vectorBucketArn")
    return str(arn).rsplit("bucket/", 1)[-1] if arn else _required(request, "vectorBucketName")


def index_names(request: Request) -> tuple[str, str]:
    """Return bucket and index that `request` names."""
    arn = str(request.get("indexArn") or "")
    if not arn:
        return bucket_name(request), _required(request, "indexName")
    if ":bucket/" not in arn or "/index/" not in arn:
        raise validation(f"Invalid index ARN: {arn}")
    bucket, name = arn.split(":bucket/", 1)[1].split("/index/", 1)
    return bucket, name


def _required(request: Request, name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or not value:
        raise validation(f"The parameter {name} is required.")
    return value


def _count(items: list[Any], name: str, most: int) -> None:
    if not 1 <= len(items) <= most:
        raise validation(f"The number of {name} must be between 1 and {most}, not {len(items)}.")


def _data(value: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    numbers = value.get("float32") if isinstance(value, dict) else None
    if not isinstance(numbers, list) or not numbers:
        raise validation('A vector needs data of the form {"float32": [numbers]}.')
    try:
        return np.asarray(numbers, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise validation(f"A vector must hold numbers only: {error}") from error


def _page(items: list[Any], request: Request, most: int) -> tuple[list[Any], Request]:
    """Return one page and its `nextToken`, when there is more."""
    size = min(int(request.get("maxResults") or most), 1000)
    try:
        start = int(base64.urlsafe_b64decode(request["nextToken"])) if request.get("nextToken") else 0
    except ValueError as error:
        raise validation("Invalid nextToken.") from error
    more = start + size < len(items)
    token = {"nextToken": base64.urlsafe_b64encode(str(start + size).encode()).decode()} if more else {}
    return items[start : start + size], token


def _bucket_view(bucket: Bucket, *, full: bool) -> Request:
    view: Request = {
        "vectorBucketName": bucket.name,
        "vectorBucketArn": bucket_arn(bucket.name),
        "creationTime": bucket.created,
    }
    return view | ({"encryptionConfiguration": bucket.encryption} if full else {})


def _index_view(index: Index) -> Request:
    return {
        "vectorBucketName": index.bucket,
        "indexName": index.name,
        "indexArn": index_arn(index),
        "creationTime": index.created,
    }


def _vector_view(index: Index, number: int, request: Request) -> Request:
    view: Request = {"key": index.keys[number]}
    if request.get("returnData"):
        view["data"] = {"float32": [float(value) for value in index.data[number]]}
    if request.get("returnMetadata"):
        view["metadata"] = index.metadata[number]
    return view
