"""The innermost loop of a product: a few rows times a panel of the weights, in registers of the processor.

The loop is written in vector instructions of LLVM, because the compiler does not keep an array of sums in registers.
"""

from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.core import cgutils as untyped
from numba.extending import intrinsic

cgutils: Any = untyped


def _features() -> dict[str, bool]:
    """The vector instructions of the processor, by their names in LLVM."""
    try:
        return dict(llvmlite.binding.get_host_cpu_features())
    except RuntimeError:  # LLVM does not know the features of this kind of processor
        return {}


_FEATURES = _features()
_WIDE = _FEATURES.get("avx512f", False)
_VECTOR_BYTES = 64 if _WIDE else 32 if _FEATURES.get("avx2", False) else 16
_VECTORS = 2

PANEL_BYTES = _VECTORS * _VECTOR_BYTES
"""The size of a row of a panel."""

TILE_ROWS = 10 if _WIDE or _FEATURES.get("neon", False) else 6
"""The largest number of rows.

Two vectors of sums for each row stay in the 32 or 16 registers of the processor. With 12 rows and 32 registers they do
not, and a product takes three times as long.
"""


def _declare(typing: Any, rows: Any, x: Any, first: Any, weight: Any, panel: Any, tile: Any) -> Any:
    """The types of `tile_product`: multiply consecutive rows of x with a panel; each sum goes over k in its order.

    Args:
        typing: of numba.
        rows: number of rows, 1 to `TILE_ROWS`.
        x: (n, K or more).
        first: the first of these rows.
        weight: (panels, K, P), from `uisrnn.model.fast.product.for_product`.
        panel: the number of the panel.
        tile: (`TILE_ROWS`, P), of which the first rows are filled.
    """
    arrays = (x, weight, tile)
    if not all(isinstance(array, types.Array) and array.layout == "C" for array in arrays):
        return None
    if len({array.dtype for array in arrays}) > 1:
        return None
    return types.void(rows, x, first, weight, panel, tile), _generate


tile_product: Any = intrinsic(_declare)
"""`_declare` for compiled code, which does not pass `typing`."""


def _generate(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
    """The code of `tile_product`: a loop for each number of rows."""
    rows, x, first, weight, panel, tile = (
        context.make_array(kind)(context, builder, value) if isinstance(kind, types.Array) else value
        for kind, value in zip(signature.args, values, strict=True)
    )
    depth, width = cgutils.unpack_tuple(builder, weight.shape)[1:]
    stride = cgutils.unpack_tuple(builder, x.shape)[1]
    weights = builder.gep(weight.data, [builder.mul(panel, builder.mul(depth, width))])
    start = builder.gep(x.data, [builder.mul(first, stride)])
    end = builder.append_basic_block("tile_end")
    choice = builder.switch(rows, end)
    for number in range(1, TILE_ROWS + 1):
        block = builder.append_basic_block(f"tile_{number}")
        choice.add_case(ir.Constant(rows.type, number), block)
        builder.position_at_end(block)
        given = [builder.gep(start, [builder.mul(stride, ir.Constant(stride.type, row))]) for row in range(number)]
        _loop(builder, given, weights, depth, tile.data)
        builder.branch(end)
    builder.position_at_end(end)
    return context.get_dummy_value()


def _loop(builder: ir.IRBuilder, given: list[ir.Value], weights: ir.Value, depth: ir.Value, tile: ir.Value) -> None:
    """Multiply the rows at the addresses `given` with the weights of a panel, and write the sums to the tile."""
    item = tile.type.pointee
    lanes = _VECTOR_BYTES // (8 if isinstance(item, ir.DoubleType) else 4)
    vector = ir.VectorType(item, lanes)
    zero = ir.Constant(vector, [0.0] * lanes)
    sums = [[cgutils.alloca_once_value(builder, zero) for _ in range(_VECTORS)] for _ in given]
    for row in sums:
        for total in row:
            builder.store(zero, total)
    with cgutils.for_range(builder, depth) as loop:
        line = builder.mul(loop.index, ir.Constant(depth.type, _VECTORS * lanes))
        panel = [_vector(builder, weights, line, lanes, number) for number in range(_VECTORS)]
        loaded = [builder.load(address, align=1) for address in panel]
        for address, totals in zip(given, sums, strict=True):
            factor = _broadcast(builder, builder.load(builder.gep(address, [loop.index])), vector)
            for weight, total in zip(loaded, totals, strict=True):
                builder.store(_fused(builder, factor, weight, builder.load(total)), total)
    for number, totals in enumerate(sums):
        for part, total in enumerate(totals):
            row_start = ir.Constant(depth.type, number * _VECTORS * lanes)
            builder.store(builder.load(total), _vector(builder, tile, row_start, lanes, part), align=1)


def _vector(builder: ir.IRBuilder, start: ir.Value, offset: ir.Value, lanes: int, number: int) -> ir.Value:
    """The address of a vector with this number after an offset."""
    position = builder.add(offset, ir.Constant(offset.type, number * lanes))
    return builder.bitcast(builder.gep(start, [position]), ir.VectorType(start.type.pointee, lanes).as_pointer())


def _broadcast(builder: ir.IRBuilder, value: ir.Value, vector: ir.VectorType) -> ir.Value:
    """A vector that holds the value in each lane."""
    undefined = ir.Constant(vector, ir.Undefined)
    number = ir.IntType(32)
    lowest = builder.insert_element(undefined, value, ir.Constant(number, 0))
    return builder.shuffle_vector(lowest, undefined, ir.Constant(ir.VectorType(number, vector.count), None))


def _fused(builder: ir.IRBuilder, factor: ir.Value, weight: ir.Value, total: ir.Value) -> ir.Value:
    """factor weight + total, without rounding in between if the processor can."""
    vector = total.type
    name = f"llvm.fmuladd.v{vector.count}{vector.element.intrinsic_name}"
    kind = ir.FunctionType(vector, [vector, vector, vector])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [factor, weight, total])
