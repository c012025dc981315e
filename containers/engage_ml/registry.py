"""Where models live: `models/<version>/*`, and the champion pointer `models/champion.json`.

A `Store` is three verbs over bytes; `S3Store` and `DirectoryStore` have them. A model's `model.json` is
written last and makes the version complete; the pointer is one object, so that it changes in one put.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from . import pointer
from .contract import ContractError
from .pointer import CHAMPION_KEY, Champion
from .score import Model, load_model

MODELS = "models/"


class Store(Protocol):
    """Objects by key. `get` raises KeyError for a key that is not there."""

    def get(self, key: str) -> bytes: ...

    def put(self, key: str, data: bytes) -> None: ...

    def list(self, prefix: str) -> list[str]: ...


@dataclass(frozen=True)
class DirectoryStore:
    """A store in a directory, for tests and the bench."""

    root: Path

    def get(self, key: str) -> bytes:
        try:
            return (self.root / key).read_bytes()
        except FileNotFoundError:
            raise KeyError(key) from None

    def put(self, key: str, data: bytes) -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        partial.write_bytes(data)
        partial.replace(path)

    def list(self, prefix: str) -> list[str]:
        keys = (p.relative_to(self.root).as_posix() for p in self.root.rglob("*") if p.is_file())
        return sorted(k for k in keys if k.startswith(prefix))


@dataclass(frozen=True)
class S3Store:
    """A store in a bucket; `client` is boto3's S3 client (made when not given)."""

    bucket: str
    client: Any = field(default=None)

    def __post_init__(self) -> None:
        if self.client is None:
            import boto3

            object.__setattr__(self, "client", boto3.client("s3"))

    def get(self, key: str) -> bytes:
        try:
            data: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except self.client.exceptions.NoSuchKey:
            raise KeyError(key) from None
        return data

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=data)

    def list(self, prefix: str) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", []))

    def download(self, key: str, path: Path) -> None:
        """Streams an object to a file, so that a large one never is in memory as a whole."""
        with path.open("wb") as sink:
            for chunk in self.client.get_object(Bucket=self.bucket, Key=key)["Body"].iter_chunks(1 << 20):
                sink.write(chunk)


def save_model(store: Store, model: Model) -> None:
    """Writes the model's files, `model.json` last."""
    for name, data in model.to_files().items():
        store.put(f"{MODELS}{model.version}/{name}", data)


def read_model(store: Store, version: str, threads: int = 1) -> Model:
    """The model of a version.

    Raises:
        ContractError: when there is no such (complete) version.
    """
    try:
        return load_model(lambda name: store.get(f"{MODELS}{version}/{name}"), threads)
    except KeyError as error:
        raise ContractError(f"There is no model {version!r}.") from error


def versions(store: Store) -> list[str]:
    """The complete versions, oldest first (they are named by time)."""
    return [k.split("/")[1] for k in store.list(MODELS) if k.endswith("/model.json")]


def read_champion(store: Store) -> Champion | None:
    """The champion, or None before the first promotion.

    Raises:
        ContractError: when the pointer has an unknown schema version.
    """
    try:
        found = json.loads(store.get(CHAMPION_KEY))
    except KeyError:
        return None
    return pointer.parse(found)
