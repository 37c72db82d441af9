"""Arrow columns from numpy columns: no copy where none is needed, never a Python object a row."""

from typing import Any, Final

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.parquet
from numpy.typing import NDArray

from busyhour.core.ids import SECOND

# The published stubs of pyarrow leave most of what is used here unknown or wrong, so it is untyped from here
# on, and only here.
pa: Final[Any] = pyarrow
pc: Final[Any] = pyarrow.compute
pq: Final[Any] = pyarrow.parquet

ArrowArray = Any
ArrowTable = Any
ArrowType = Any

INSTANT: Final[ArrowType] = pa.timestamp("us", "UTC")


def nullable(values: NDArray[Any], present: NDArray[np.bool_], kind: ArrowType) -> ArrowArray:
    """`values` as they lie in memory, null where not present. The item sizes must agree."""
    bitmap = None if present.all() else pa.py_buffer(np.packbits(present, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [bitmap, pa.py_buffer(values)])


def named(index: NDArray[Any], names: ArrowArray) -> ArrowArray:
    """A dictionary array; null where the index is negative."""
    wide = index.astype(np.int32)
    return pa.DictionaryArray.from_arrays(nullable(wide, wide >= 0, pa.int32()), names)


def instants(micros: NDArray[np.int64]) -> ArrowArray:
    """Null where negative."""
    return nullable(micros, micros >= 0, INSTANT)


def seconds(micros: NDArray[np.int64], present: NDArray[np.bool_]) -> ArrowArray:
    return nullable(micros / SECOND, present, pa.float64())


def numbered(prefix: str, number: NDArray[np.int64], present: NDArray[np.bool_] | None = None) -> ArrowArray:
    """The strings "<prefix>-<number>"; null where not present."""
    plain = pa.array(number) if present is None else nullable(number, present, pa.int64())
    return pc.binary_join_element_wise(pa.scalar(prefix), pc.cast(plain, pa.string()), "-")
