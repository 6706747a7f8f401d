"""Few rows times a large matrix, on a single core: GFLOP/s of the loop of `uisrnn.model.fast.product` and of torch.

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
    """The median of five averages, each over `repeats` calls."""
    work()
    averages = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(repeats):
            work()
        averages.append((time.perf_counter() - start) / repeats)
    return statistics.median(averages)


def compare(size: int, outputs: int, rows: int) -> dict[str, float]:
    """Measure both on the same numbers."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(rows, size, generator=generator)
    weight = torch.randn(outputs, size, generator=generator)
    bias = torch.randn(outputs, generator=generator)
    given = rows_for_product(rows, size, x.numpy())
    prepared = for_product(weight.numpy())
    given[:, :size] = x.numpy()
    result = np.empty((rows, outputs), dtype=np.float32)
    into = np.arange(rows)
    operations = 2 * rows * size * outputs
    repeats = max(1, int(2e8 / (rows * size * outputs)))
    ours = seconds(lambda: multiply(given, prepared, bias.numpy(), result, into), repeats)
    theirs = seconds(lambda: torch.nn.functional.linear(x, weight, bias), repeats)
    return {"loop_gflops": operations / ours / 1e9, "torch_gflops": operations / theirs / 1e9}


def row(shape: str, rates: dict[Any, dict[str, float]]) -> Row:
    """The row of a shape, with all numbers of rows."""
    theirs, mine = (", ".join(f"{rate[f'{name}_gflops']:.0f}" for rate in rates.values()) for name in ("torch", "loop"))
    return Row(f"{shape}; {', '.join(map(str, rates))} rows", f"torch: {theirs} GFLOP/s", f"{mine} GFLOP/s")


def rows(results: dict[str, Any]) -> list[Row]:
    """A row for each shape."""
    return [row(shape, rates) for shape, rates in results.items() if shape != "machine"]


def main() -> None:
    """Measure all shapes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    args = parser.parse_args()
    torch.set_num_threads(1)
    results: dict[str, Any] = {"machine": machine()}
    print(header())
    for name, (size, outputs) in SHAPES.items():
        rates = results[name] = {rows: compare(size, outputs, rows) for rows in ROWS}
        show([row(name, rates)])
    write(results, args.out)


if __name__ == "__main__":
    main()
