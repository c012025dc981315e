"""Which run and model are served now: the pointer, re-read every minute, and the model, kept in memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common import names, s3
from common.errors import ConfigError
from common.published import contract_of, read_pointer
from engage_ml.data_contract import DataContract
from online import OnlineFeatures

if TYPE_CHECKING:
    from engage_ml.score import Model

POINTER_SECONDS = 60.0


class NothingPublishedError(Exception):
    """No run has published predictions yet."""


@dataclass
class Serving:
    """The published run with its model and online features."""

    pointer: dict[str, Any]
    features: OnlineFeatures
    model: Model | None = None

    @property
    def run_id(self) -> str:
        return str(self.pointer["run_id"])

    @property
    def model_version(self) -> str:
        return str(self.pointer["model_version"])

    @property
    def contract(self) -> DataContract:
        return contract_of(self.pointer)

    @property
    def as_of(self) -> str:
        return str(self.pointer["as_of"])


class Server:
    """Keeps what is served in the container's memory. A new run takes over within a minute."""

    def __init__(self, bucket: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._bucket = bucket
        self._clock = clock
        self._serving: Serving | None = None
        self._read_at = float("-inf")

    def current(self) -> Serving:
        """What is served now; raises NothingPublishedError before the first run has finished."""
        now = self._clock()
        if self._serving is None or now - self._read_at >= POINTER_SECONDS:
            pointer = read_pointer(self._bucket)
            if pointer is None:
                raise NothingPublishedError
            self._take(pointer)
            self._read_at = now
        if self._serving is None:
            raise NothingPublishedError
        return self._serving

    def _take(self, pointer: dict[str, Any]) -> None:
        before = self._serving
        if before is not None and before.pointer == pointer:
            return
        kept = before.model if before and before.model_version == pointer["model_version"] else None
        features = OnlineFeatures(
            self._bucket, names.online_prefix(pointer["run_id"]), int(pointer["n_shards"])
        )
        self._serving = Serving(pointer, features, kept)

    def model(self, serving: Serving) -> Model:
        """The model of `serving`, read from S3 on first use."""
        if serving.model is None:
            from engage_ml.score import load_model

            serving.model = load_model(self._reader(serving.model_version))
        return serving.model

    def _reader(self, version: str) -> Callable[[str], bytes]:
        def read(name: str) -> bytes:
            body = s3.get_bytes(self._bucket, f"models/{version}/{name}")
            if body is None:
                raise ConfigError(
                    f"The model file models/{version}/{name} is missing.", hint="run the pipeline again"
                )
            return body

        return read
