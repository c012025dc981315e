"""A block of feature rows in memory, and its binary form for look-ups by customer. NumPy only.

Categories are stored as codes into the block's own vocabulary, so that any model can read any block: the
model recodes them into the categories that it was trained with (`score.Model.matrix`).
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import SCHEMA_VERSION
from .contract import ContractError
from .dictionary import Dictionary, Feature

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class FeatureBlock:
    """`values` is float32 `[rows, names]`; NaN is missing; a category is a code into `vocabulary[name]`."""

    ids: NDArray[Any]
    names: tuple[str, ...]
    values: Floats
    vocabulary: Mapping[str, Sequence[str]]

    def __len__(self) -> int:
        return len(self.ids)

    def column(self, name: str) -> Floats:
        """One feature as float32 `[rows]` (codes for a category)."""
        found: Floats = self.values[:, self.names.index(name)]
        return found

    def labels(self, name: str) -> list[str]:
        """A category as text; a missing one is `unknown`."""
        words = self.vocabulary[name]
        return [words[int(c)] if c == c else "unknown" for c in self.column(name).tolist()]

    def take(self, rows: Any) -> FeatureBlock:
        """The rows of an index array or slice."""
        return FeatureBlock(self.ids[rows], self.names, self.values[rows], self.vocabulary)

    def to_bytes(self) -> dict[str, bytes]:
        """The files of a shard of the online store: `ids.bin`, `features.npy`, `block.json`; ids must be
        sorted.
        """
        encoded = np.char.encode(self.ids.astype(str), "utf-8") if len(self) else np.empty(0, dtype="S1")
        described = {
            "schema_version": SCHEMA_VERSION,
            "rows": len(self),
            "names": list(self.names),
            "vocabulary": {k: list(v) for k, v in self.vocabulary.items()},
        }
        return {
            "ids.bin": _npy(encoded),
            "features.npy": _npy(np.ascontiguousarray(self.values, dtype=np.float32)),
            "block.json": json.dumps(described, sort_keys=True).encode(),
        }

    @classmethod
    def from_bytes(cls, ids: bytes, features: bytes, described: bytes) -> FeatureBlock:
        """Reads what `to_bytes` wrote; `ids` stay encoded (dtype `S<w>`), which is what `find` needs."""
        head = json.loads(described)
        matrix = np.load(io.BytesIO(features), allow_pickle=False)
        keys = np.load(io.BytesIO(ids), allow_pickle=False)
        return cls(keys, tuple(head["names"]), matrix, head["vocabulary"])

    def find(self, customer_ids: Sequence[str]) -> tuple[FeatureBlock, list[str]]:
        """The rows of the given customers, in their order and with text ids, and the ids that are not in
        this block.
        """
        rows: list[int] = []
        known: list[str] = []
        missing: list[str] = []
        for customer_id in customer_ids:
            key = customer_id.encode()
            at = int(np.searchsorted(self.ids, np.bytes_(key))) if len(self) else 0
            if at < len(self) and bytes(self.ids[at]) == key:
                rows.append(at)
                known.append(customer_id)
            else:
                missing.append(customer_id)
        return FeatureBlock(
            np.array(known, dtype=str), self.names, self.values[rows], self.vocabulary
        ), missing


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def empty_block(known: Dictionary) -> FeatureBlock:
    """A block without rows: a shard may be empty, and readers expect its files all the same."""
    values = np.empty((0, len(known.names)), dtype=np.float32)
    return FeatureBlock(np.empty(0, dtype=str), known.names, values, {name: [] for name in known.categorical})


def block_from_features(
    known: Dictionary, features: Mapping[str, Any], typical: Mapping[str, Any] | None = None
) -> FeatureBlock:
    """A block of one row (id `""`) from features by name; those left out take `typical` values, else stay
    missing.

    Raises:
        ContractError: when a name is no feature or a value has the wrong type.
    """
    unknown = sorted(set(features) - set(known.names))
    if unknown:
        raise ContractError(f"Unknown feature {unknown[0]!r}; the features are {', '.join(known.names)}.")
    merged = {**(typical or {}), **{k: v for k, v in features.items() if v is not None}}
    vocabulary: dict[str, list[str]] = {}
    values = np.full((1, len(known.names)), np.nan, dtype=np.float32)
    for at, feature in enumerate(known.features):
        value = merged.get(feature.name)
        if feature.categorical:
            vocabulary[feature.name] = [] if value is None else [_as_text(feature, value)]
            value = None if value is None else 0.0
        if value is not None:
            values[0, at] = _as_number(feature, value)
    return FeatureBlock(np.array([""]), known.names, values, vocabulary)


def _as_text(feature: Feature, value: Any) -> str:
    if not isinstance(value, str):
        raise ContractError(f"The feature {feature.name!r} must be text ({feature.unit}), not {value!r}.")
    return value


def _as_number(feature: Feature, value: Any) -> float:
    if not isinstance(value, (int, float)) or abs(value) > 3e38 or value != value:
        raise ContractError(
            f"The feature {feature.name!r} must be a finite number ({feature.unit}), not {value!r}."
        )
    return float(value)


def encode(columns: Mapping[str, Iterable[str | None]]) -> tuple[dict[str, Floats], dict[str, list[str]]]:
    """Codes and sorted vocabulary of text columns."""
    codes: dict[str, Floats] = {}
    vocabulary: dict[str, list[str]] = {}
    for name, words in columns.items():
        items = list(words)
        known = sorted({w for w in items if w is not None})
        position = {w: float(i) for i, w in enumerate(known)}
        codes[name] = np.array([np.nan if w is None else position[w] for w in items], dtype=np.float32)
        vocabulary[name] = known
    return codes, vocabulary
