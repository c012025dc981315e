"""Reading feature Parquet and writing prediction Parquet (pyarrow; not for the predict handler)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import FeatureBlock
from .contract import ContractError
from .dictionary import Dictionary


@dataclass(frozen=True)
class Snapshot:
    """Feature rows of one or more cut-offs with one label per row (float64)."""

    block: FeatureBlock
    label: NDArray[np.float64]


def parquet_files(folder: Path) -> list[Path]:
    """The data files under a folder in a fixed order. Athena names them without an ending; `_` and `.` are
    not data.
    """
    found = (p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(("_", ".")))
    return sorted(found)


def read_block(
    folder: Path, known: Dictionary, extra: Sequence[str] = ()
) -> tuple[FeatureBlock, dict[str, NDArray[Any]]]:
    """All rows under a folder, sorted by customer id (so that the order of rows in files changes nothing).

    Returns:
        The features as float32, and the `extra` numeric columns as float64.

    Raises:
        ContractError: when there is no file or a column is missing.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    files = parquet_files(folder)
    if not files:
        raise ContractError(f"There are no feature rows for {folder.name}.")
    wanted = ["customer_id", *known.names, *extra]
    parts = []
    for path in files:
        with pq.ParquetFile(path) as source:
            lacking = [c for c in wanted if c not in source.schema_arrow.names]
            if lacking:
                raise ContractError(f"The feature table lacks the column {lacking[0]!r}.")
            parts.append(source.read(columns=wanted, use_threads=False))
    table = pa.concat_tables(parts, promote_options="permissive")
    del parts
    table = table.take(pc.sort_indices(table["customer_id"]))
    values = np.empty((table.num_rows, len(known.names)), dtype=np.float32)
    vocabulary: dict[str, list[str]] = {}
    for at, name in enumerate(known.names):
        column = table[name]
        if name in known.categorical:
            vocabulary[name] = sorted(w for w in pc.unique(column).to_pylist() if w is not None)
            codes = pc.index_in(column, value_set=pa.array(vocabulary[name], column.type))
            values[:, at] = codes.cast(pa.float32()).to_numpy(zero_copy_only=False)
        else:
            values[:, at] = column.cast(pa.float32()).to_numpy(zero_copy_only=False)
    ids = np.array(table["customer_id"].to_pylist(), dtype=str)
    others = {c: table[c].cast(pa.float64()).to_numpy(zero_copy_only=False) for c in extra}
    return FeatureBlock(ids, known.names, values, vocabulary), others


def read_snapshot(root: Path, known: Dictionary, cutoff: str, label: str) -> Snapshot:
    """The rows of one cut-off under `root/cutoff=YYYY-MM-DD/` with a label.

    Raises:
        ContractError: when the cut-off is absent or a label is missing (its horizon is not over).
    """
    block, extra = read_block(root / f"cutoff={cutoff}", known, [label])
    return snapshot_of(block, extra[label], label, cutoff)


def snapshot_of(block: FeatureBlock, values: NDArray[np.float64], label: str, cutoff: str) -> Snapshot:
    """The rows with the values of a label.

    Raises:
        ContractError: when a label is missing (its horizon is not over).
    """
    if np.isnan(values).any():
        raise ContractError(f"The label {label!r} at the cut-off {cutoff} is incomplete.")
    return Snapshot(block, values)


def read_words(folder: Path, columns: Sequence[str]) -> dict[str, list[str]]:
    """Text columns of all rows under a folder, in the order of `read_block`.

    Raises:
        ContractError: when there is no file.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    files = parquet_files(folder)
    if not files:
        raise ContractError(f"There are no feature rows for {folder.name}.")
    parts = [pq.read_table(path, columns=["customer_id", *columns], partitioning=None) for path in files]
    table = pa.concat_tables(parts, promote_options="permissive")
    table = table.take(pc.sort_indices(table["customer_id"]))
    return {name: table[name].to_pylist() for name in columns}


def predictions_parquet(
    batches: Iterable[Mapping[str, Any]], columns_and_types: Sequence[tuple[str, str]]
) -> bytes:
    """A predictions file (columns with their Glue types; Snappy), one row group per batch; the same rows
    give the same bytes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"string": pa.string(), "double": pa.float64(), "bigint": pa.int64(), "boolean": pa.bool_()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in columns_and_types])
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, schema, compression="snappy") as writer:
        for columns in batches:
            arrays = [pa.array(columns[name], kinds[kind]) for name, kind in columns_and_types]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    data: bytes = sink.getvalue().to_pybytes()
    return data
