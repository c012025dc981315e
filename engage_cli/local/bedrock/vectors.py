"""The store behind S3 Vectors: buckets, indexes and their vectors, searched exactly.

Every change is on disk before the call is answered: one file an index, replaced atomically, so that a
`kill -9` loses nothing. Arrays are float32 of shape (number of vectors, dimension); no pickles.
"""

import io
import json
import os
import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engage_cli.local.bedrock import filters
from engage_cli.local.bedrock.errors import conflict, not_found, validation

Floats = NDArray[np.float32]
FORMAT = 1
FILTERABLE_BYTES, METADATA_BYTES = 2048, 40 * 1024
_BUCKET_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")
_INDEX_NAME = re.compile(r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")


@dataclass
class Index:
    """One vector index: its definition, the vectors and their metadata, in the order of insertion."""

    name: str
    bucket: str
    dimension: int
    metric: str
    non_filterable: tuple[str, ...]
    created: float
    keys: list[str] = field(default_factory=list)
    metadata: list[dict[str, Any]] = field(default_factory=list)
    data: Floats = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))

    def __post_init__(self) -> None:
        if not self.keys:
            self.data = np.zeros((0, self.dimension), dtype=np.float32)


@dataclass
class Bucket:
    """One vector bucket."""

    name: str
    created: float
    encryption: dict[str, Any]
    indexes: dict[str, Index] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """One found vector: `distance` as S3 Vectors defines it for the index's metric."""

    key: str
    distance: float
    metadata: dict[str, Any]


class VectorStore:
    """All vector buckets of one account and region, in memory and, when `root` is given, on disk."""

    def __init__(self, root: Path | None = None) -> None:
        self._root = root
        self._lock = threading.RLock()
        self._buckets: dict[str, Bucket] = {}
        if root is not None and root.is_dir():
            self._load(root)

    # -- buckets and indexes

    def create_bucket(self, name: str, encryption: dict[str, Any] | None = None) -> Bucket:
        """Create a vector bucket; a taken name is a ConflictException."""
        if not _BUCKET_NAME.match(name):
            raise validation(
                f"Invalid vector bucket name {name!r}: 3-63 lower-case letters, digits and hyphens."
            )
        with self._lock:
            if name in self._buckets:
                raise conflict(f"A vector bucket with the name {name} already exists.")
            bucket = Bucket(name, time.time(), encryption or {"sseType": "AES256"})
            self._buckets[name] = bucket
            self._save_bucket(bucket)
            return bucket

    def bucket(self, name: str) -> Bucket:
        """Return the bucket `name`, or a NotFoundException."""
        if name not in self._buckets:
            raise not_found(f"The specified vector bucket {name} could not be found.", "NotFoundException")
        return self._buckets[name]

    def buckets(self) -> list[Bucket]:
        """Return all buckets by name."""
        return [self._buckets[name] for name in sorted(self._buckets)]

    def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket; one that still has indexes is a ConflictException."""
        with self._lock:
            if self.bucket(name).indexes:
                raise conflict(f"The vector bucket {name} is not empty: delete its indexes first.")
            del self._buckets[name]
            if self._root is not None:
                self._path(name, "bucket.json").unlink(missing_ok=True)
                (self._root / name).rmdir()

    def create_index(
        self, bucket: str, name: str, *, dimension: int, metric: str, non_filterable: tuple[str, ...] = ()
    ) -> Index:
        """Create an index of float32 vectors."""
        if not _INDEX_NAME.match(name):
            raise validation(
                f"Invalid index name {name!r}: 3-63 lower-case letters, digits, hyphens and dots."
            )
        if not 1 <= dimension <= 4096:
            raise validation(f"Invalid dimension {dimension}: it must be between 1 and 4096.")
        if metric not in ("cosine", "euclidean"):
            raise validation(f"Invalid distance metric {metric!r}: cosine or euclidean.")
        if len(non_filterable) > 10:
            raise validation("At most 10 non-filterable metadata keys are allowed.")
        with self._lock:
            owner = self.bucket(bucket)
            if name in owner.indexes:
                raise conflict(f"An index with the name {name} already exists in {bucket}.")
            index = Index(name, bucket, dimension, metric, non_filterable, time.time())
            owner.indexes[name] = index
            self._save_index(index)
            return index

    def index(self, bucket: str, name: str) -> Index:
        """Return an index, or a NotFoundException."""
        found = self.bucket(bucket).indexes.get(name)
        if found is None:
            raise not_found(f"The specified index {name} could not be found.", "NotFoundException")
        return found

    def delete_index(self, bucket: str, name: str) -> None:
        """Delete an index with its vectors; one that is gone already is no error, as on AWS."""
        with self._lock:
            if self.bucket(bucket).indexes.pop(name, None) is not None and self._root is not None:
                self._path(bucket, f"{name}.npz").unlink(missing_ok=True)

    # -- vectors

    def put(self, index: Index, vectors: list[tuple[str, Floats, dict[str, Any]]]) -> None:
        """Insert or overwrite vectors by key: all of them or, when one is refused, none."""
        for key, vector, metadata in vectors:
            _check_vector(index, key, vector)
            _check_metadata(index, key, metadata)
        with self._lock:
            position = {key: number for number, key in enumerate(index.keys)}
            rows = list(index.data)
            for key, vector, metadata in vectors:
                if key in position:
                    rows[position[key]] = vector
                    index.metadata[position[key]] = metadata
                    continue
                position[key] = len(rows)
                rows.append(vector)
                index.keys.append(key)
                index.metadata.append(metadata)
            index.data = np.stack(rows) if rows else index.data
            self._save_index(index)

    def delete(self, index: Index, keys: list[str]) -> None:
        """Delete vectors by key; unknown keys are no error."""
        with self._lock:
            gone = set(keys)
            keep = [number for number, key in enumerate(index.keys) if key not in gone]
            index.data = index.data[keep]
            index.metadata = [index.metadata[number] for number in keep]
            index.keys = [index.keys[number] for number in keep]
            self._save_index(index)

    def query(
        self, index: Index, vector: Floats, top_k: int, condition: dict[str, Any] | None = None
    ) -> list[Match]:
        """Return the `top_k` nearest vectors, nearest first; the search is exact.

        Cosine distance is 1 - cos(a, b) in [0, 2]; Euclidean distance is the length of a - b.
        """
        _check_vector(index, "query", vector)
        with self._lock:
            data, keys, metadata = index.data, list(index.keys), list(index.metadata)
        if condition is not None:
            hidden = set(index.non_filterable)
            visible = [{k: v for k, v in one.items() if k not in hidden} for one in metadata]
            chosen = [number for number, one in enumerate(visible) if filters.matches(one, condition)]
        else:
            chosen = list(range(len(keys)))
        if not chosen:
            return []
        distances = _distances(data[chosen].astype(np.float64), vector.astype(np.float64), index.metric)
        order = sorted(range(len(chosen)), key=lambda number: (distances[number], keys[chosen[number]]))
        return [
            Match(keys[chosen[number]], float(distances[number]), metadata[chosen[number]])
            for number in order[:top_k]
        ]

    def clear(self) -> None:
        """Forget everything, on disk too."""
        with self._lock:
            for bucket in self.buckets():
                for name in list(bucket.indexes):
                    self.delete_index(bucket.name, name)
                self.delete_bucket(bucket.name)

    # -- files

    def _path(self, bucket: str, name: str) -> Path:
        assert self._root is not None
        return self._root / bucket / name

    def _save_bucket(self, bucket: Bucket) -> None:
        if self._root is not None:
            text = {"format": FORMAT, "created": bucket.created, "encryption": bucket.encryption}
            _replace(self._path(bucket.name, "bucket.json"), json.dumps(text).encode())

    def _save_index(self, index: Index) -> None:
        if self._root is None:
            return
        header = {
            "format": FORMAT,
            "dimension": index.dimension,
            "metric": index.metric,
            "created": index.created,
            "non_filterable": list(index.non_filterable),
            "keys": index.keys,
            "metadata": index.metadata,
        }
        buffer = io.BytesIO()
        np.savez(buffer, header=np.frombuffer(json.dumps(header).encode(), dtype=np.uint8), data=index.data)
        _replace(self._path(index.bucket, f"{index.name}.npz"), buffer.getvalue())

    def _load(self, root: Path) -> None:
        for path in sorted(root.glob("*/bucket.json")):
            saved = json.loads(path.read_text())
            _check_format(saved, path)
            bucket = Bucket(path.parent.name, saved["created"], saved["encryption"])
            self._buckets[bucket.name] = bucket
            for file in sorted(path.parent.glob("*.npz")):
                bucket.indexes[file.stem] = _load_index(file, bucket.name)


def _load_index(file: Path, bucket: str) -> Index:
    with np.load(file, allow_pickle=False) as archive:
        header = json.loads(archive["header"].tobytes())
        data = archive["data"].astype(np.float32)
    _check_format(header, file)
    return Index(
        file.stem,
        bucket,
        header["dimension"],
        header["metric"],
        tuple(header["non_filterable"]),
        header["created"],
        header["keys"],
        header["metadata"],
        data,
    )


def _check_format(saved: dict[str, Any], path: Path) -> None:
    if saved.get("format") != FORMAT:
        raise RuntimeError(
            f"{path.name} has format {saved.get('format')}; this version reads format {FORMAT}."
        )


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _check_vector(index: Index, key: str, vector: Floats) -> None:
    if vector.shape != (index.dimension,):
        raise validation(
            f"Invalid vector {key!r}: it has {vector.size} values, the index {index.name} has dimension "
            f"{index.dimension}."
        )
    if not np.isfinite(vector).all():
        raise validation(f"Invalid vector {key!r}: NaN and infinity are not allowed.")
    if index.metric == "cosine" and not vector.any():
        raise validation(f"Invalid vector {key!r}: the zero vector has no cosine distance.")


def _check_metadata(index: Index, key: str, metadata: dict[str, Any]) -> None:
    if len(metadata) > 50:
        raise validation(f"Invalid metadata of {key!r}: at most 50 keys are allowed.")
    filterable = {name: value for name, value in metadata.items() if name not in index.non_filterable}
    if len(json.dumps(filterable, ensure_ascii=False).encode()) > FILTERABLE_BYTES and filterable:
        raise validation(f"Invalid record for key '{key}': Filterable metadata must have at most 2048 bytes")
    if len(json.dumps(metadata, ensure_ascii=False).encode()) > METADATA_BYTES:
        raise validation(f"Invalid record for key '{key}': metadata must have at most {METADATA_BYTES} bytes")


def _distances(data: NDArray[np.float64], vector: NDArray[np.float64], metric: str) -> NDArray[np.float64]:
    if metric == "euclidean":
        return np.asarray(np.linalg.norm(data - vector, axis=1))
    lengths = np.linalg.norm(data, axis=1) * np.linalg.norm(vector)
    return np.asarray(1.0 - (data @ vector) / lengths)
