"""Rows as Parquet, for analytics. Needs `pyarrow`, which the extra `regent[parquet]` brings."""

from collections.abc import Iterable
from itertools import islice
from typing import Any, BinaryIO

from audit.errors import AuditError
from audit.index.row import COLUMNS, Row
from audit.reading.formats import instant

_GROUP_ROWS = 8_192
_LISTS = frozenset({"rules", "controls", "tags", "keys"})
_NUMBERS = frozenset(
    {
        "t_us", "index", "tokens_in", "tokens_out", "total_us", "n", "cost_micro", "log_index", "end_index",
        "cached", "reasoning",
    }
)  # fmt: skip
_TRUTHS = frozenset({"estimated"})


class ParquetUnavailable(AuditError):
    """`pyarrow` is not installed. Code: `parquet.unavailable`."""


def parquet(rows: Iterable[Row], out: BinaryIO) -> int:
    """Write a Parquet file, a group of some thousand rows at a time; return how many rows there were.

    Raises:
        ParquetUnavailable: `parquet.unavailable`.
    """
    pa, writer_of = pyarrow()
    schema = pa.schema(
        [("time", pa.timestamp("us", tz="UTC")), *((name, _type(pa, name)) for name in COLUMNS)]
    )
    coming, count = iter(rows), 0
    with writer_of(out, schema, compression="zstd") as writer:
        while group := list(islice(coming, _GROUP_ROWS)):
            columns = [[instant(row.t_us) for row in group]]
            columns += [[getattr(row, name) for row in group] for name in COLUMNS]
            arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(group)
    return count


def pyarrow() -> tuple[Any, Any]:
    """Return the package, and what writes a file.

    Raises:
        ParquetUnavailable: `parquet.unavailable`.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - large, and wanted by few
        from pyarrow.parquet import ParquetWriter  # noqa: PLC0415
    except ImportError as error:
        raise ParquetUnavailable(
            "parquet.unavailable", "Parquet needs pyarrow: pip install 'regent[parquet]'"
        ) from error
    return pa, ParquetWriter


def _type(pa: Any, name: str) -> Any:
    if name in _LISTS:
        return pa.list_(pa.string())
    if name in _TRUTHS:
        return pa.bool_()
    return pa.int64() if name in _NUMBERS else pa.string()
