"""Few rows times a large matrix, on one core: the loop of `uisrnn.model.fast.product` and torch's library, GFLOP/s.

python benchmarks/product.py --out benchmarks/results/product.json
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from machine import machine
from report import Row, header, show, write
from uisrnn.model.fast.product import for_product, multiply, rows_for_product

ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
SHAPES = {"recurrent, hidden 512": (512, 1536), "output, hidden 512": (512, 256), "recurrent, hidden 100": (100, 300)}


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median of five averages."""
    work()
    averages = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(repeats):
            work()
        averages.append((time.perf_counter() - start) / repeats)
    return statistics.median(averages)


def compare(size: int, outputs: int, rows: int) -> dict[str, float]:
    """Both on the same numbers."""
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.randn(rows, size, generator=generator), torch.randn(outputs, size, generator=generator)
    bias = torch.randn(outputs, generator=generator)
    given, prepared = rows_for_product(rows, size, x.numpy()), for_product(weight.numpy())
    given[:, :size] = x.numpy()
    result, into = np.empty((rows, outputs), dtype=np.float32), np.arange(rows)
    operations, repeats = 2 * rows * size * outputs, max(1, int(2e8 / (rows * size * outputs)))
    ours = seconds(lambda: multiply(given, prepared, bias.numpy(), result, into), repeats)
    theirs = seconds(lambda: torch.nn.functional.linear(x, weight, bias), repeats)
    return {"loop_gflops": operations / ours / 1e9, "torch_gflops": operations / theirs / 1e9}


def row(shape: str, found: dict[Any, dict[str, float]]) -> Row:
    """Of one shape, with all numbers of rows."""
    theirs, mine = (", ".join(f"{one[f'{name}_gflops']:.0f}" for one in found.values()) for name in ("torch", "loop"))
    return Row(f"{shape}; {', '.join(map(str, found))} rows", f"torch: {theirs} GFLOP/s", f"{mine} GFLOP/s")


def rows(results: dict[str, Any]) -> list[Row]:
    """One a shape."""
    return [row(shape, found) for shape, found in results.items() if shape != "machine"]


def main() -> None:
    """Compare all shapes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    args = parser.parse_args()
    torch.set_num_threads(1)
    results: dict[str, Any] = {"machine": machine()}
    print(header())
    for name, (size, outputs) in SHAPES.items():
        found = results[name] = {rows: compare(size, outputs, rows) for rows in ROWS}
        show([row(name, found)])
    write(results, args.out)


if __name__ == "__main__":
    main()
