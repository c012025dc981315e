"""The online features of the published run: which customers there are, and one row for each, from S3.

A shard is `ids.bin` (.npy, sorted ids, fixed-width bytes), `features.npy` (float32, one row for each
id, in the same order) and `block.json` (feature names, words behind the category codes), as
`engage_ml.blocks` writes them. Ids and words of a shard are read whole and kept; of the features
only the wanted rows are read, by range.
"""

from __future__ import annotations

import ast
import json
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common import s3
from common.aws import client
from common.errors import ConfigError
from engage_ml.contract import shard_of

if TYPE_CHECKING:
    from engage_ml.blocks import FeatureBlock

_HEADER = 1024  # a .npy header of one plain array is 64 or 128 bytes
_MAX_SHARDS_KEPT = 8  # 50,000 ids of 12 to 36 bytes each: some 10 MB at most
_READERS = 16


@dataclass(frozen=True)
class Layout:
    """Where the rows of a .npy file begin, and their shape and type."""

    offset: int
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Shard:
    """What is kept of a shard: `ids` is a sorted array of dtype `S<width>`."""

    ids: Any
    names: tuple[str, ...]
    vocabulary: dict[str, list[str]]
    layout: Layout


def npy_layout(head: bytes, key: str) -> Layout:
    """The layout in the first bytes of a .npy file; raises ConfigError when they are not of one."""
    if head[:6] != b"\x93NUMPY" or head[6] not in (1, 2, 3):
        raise ConfigError(f"{key} is not a .npy file.", hint="run the pipeline again")
    wide = 2 if head[6] == 1 else 4
    length = int.from_bytes(head[8 : 8 + wide], "little")
    header = ast.literal_eval(head[8 + wide : 8 + wide + length].decode("latin1").strip())
    if header["fortran_order"] and len(header["shape"]) > 1:
        raise ConfigError(f"{key} is stored by column; rows cannot be read by range.")
    return Layout(8 + wide + length, tuple(header["shape"]), str(header["descr"]))


class OnlineFeatures:
    """Rows of features by customer, of one published run. Kept in the container's memory."""

    def __init__(self, bucket: str, prefix: str, n_shards: int) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._n_shards = n_shards
        self._shards: OrderedDict[int, Shard] = OrderedDict()

    def blocks(self, customer_ids: Iterable[str]) -> list[FeatureBlock]:
        """The features of those customers that exist, one block for each shard that holds some of them."""
        by_shard: dict[int, list[str]] = {}
        for customer_id in customer_ids:
            by_shard.setdefault(shard_of(customer_id, self._n_shards), []).append(customer_id)
        client("s3")  # one client, made before the threads
        found: list[FeatureBlock] = []
        with ThreadPoolExecutor(max_workers=_READERS) as pool:
            for number, wanted in by_shard.items():
                block = self._block(number, wanted, pool)
                if block is not None:
                    found.append(block)
        return found

    def _block(self, number: int, wanted: list[str], pool: ThreadPoolExecutor) -> FeatureBlock | None:
        import numpy as np
        from engage_ml.blocks import FeatureBlock

        shard = self._shard(number)
        places = {c: place for c in wanted if (place := find(shard.ids, c)) is not None}
        if not places:
            return None
        rows = list(pool.map(lambda place: self._row(number, shard.layout, place), places.values()))
        return FeatureBlock(np.array(list(places), dtype=str), shard.names, np.stack(rows), shard.vocabulary)

    def _shard(self, number: int) -> Shard:
        import numpy as np

        if number in self._shards:
            self._shards.move_to_end(number)
            return self._shards[number]
        ids_key = self._key(number, "ids.bin")
        body = self._read(ids_key)
        ids_layout = npy_layout(body[:_HEADER], ids_key)
        described = json.loads(self._read(self._key(number, "block.json")))
        features_key = self._key(number, "features.npy")
        shard = Shard(
            ids=np.frombuffer(
                body, dtype=np.dtype(ids_layout.dtype), offset=ids_layout.offset, count=ids_layout.shape[0]
            ),
            names=tuple(described["names"]),
            vocabulary=described["vocabulary"],
            layout=npy_layout(self._read(features_key, 0, _HEADER - 1), features_key),
        )
        self._shards[number] = shard
        if len(self._shards) > _MAX_SHARDS_KEPT:
            self._shards.popitem(last=False)
        return shard

    def _row(self, number: int, layout: Layout, row: int) -> Any:
        import numpy as np

        key, dtype = self._key(number, "features.npy"), np.dtype(layout.dtype)
        width = layout.shape[1] * dtype.itemsize
        first = layout.offset + row * width
        body = self._read(key, first, first + width - 1)
        if len(body) != width:
            raise ConfigError(f"The online file {key} ends before row {row}.", hint="run the pipeline again")
        return np.frombuffer(body, dtype=dtype)

    def _key(self, number: int, name: str) -> str:
        return f"{self._prefix}shard={number}/{name}"

    def _read(self, key: str, first: int | None = None, last: int | None = None) -> bytes:
        body = s3.get_bytes(self._bucket, key, first=first, last=last)
        if body is None:
            raise ConfigError(f"The online file {key} is missing.", hint="run the pipeline again")
        return body


def find(ids: Any, customer_id: str) -> int | None:
    """The place of a customer among sorted fixed-width ids; None when absent."""
    import numpy as np

    key = customer_id.encode()
    # A longer id than the array's width cannot be in it, and must not be cut to match another one.
    if len(key) > ids.dtype.itemsize:
        return None
    place = int(np.searchsorted(ids, np.bytes_(key)))
    return place if place < len(ids) and bytes(ids[place]) == key else None
