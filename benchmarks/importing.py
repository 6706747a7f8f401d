"""Seconds and modules of `import uisrnn`, beside `import torch` alone and `import uisrnn` of 0.1.2, in a single run.

    make bench-importing

New processes import the three packages in turn; the first round is not counted. The ratios, and the difference between
this library and torch, are medians over rounds. The start of Python is not counted.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from machine import machine
from report import Row, header, ratio, show, write

HERE = "uisrnn"
TORCH = "torch alone"
PEER = "uisrnn 0.1.2"
BEYOND_TORCH_AT_MOST = 1.0  # seconds
CODE = """
import json, sys, time
start = time.perf_counter()
import {module}
print(json.dumps({{"seconds": time.perf_counter() - start, "modules": len(sys.modules)}}))
"""


def measure(module: str, path: str | None) -> dict[str, float]:
    """Seconds and modules of an import in a new process; `path` is the folder of 0.1.2, or None."""
    environment = dict(os.environ, PYTHONPATH=path) if path else os.environ
    command = [sys.executable, "-c", CODE.format(module=module)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def compare(rounds: int, peer: str) -> dict[str, Any]:
    """Measure all imports in turn."""
    ways = {TORCH: ("torch", None), PEER: ("uisrnn", peer), HERE: ("uisrnn", None)}
    turns = [{name: measure(*way) for name, way in ways.items()} for _ in range(rounds + 1)][1:]
    middle = {
        name: {key: statistics.median(turn[name][key] for turn in turns) for key in ("seconds", "modules")}
        for name in ways
    }
    for name in (TORCH, PEER):
        ratios = [turn[HERE]["seconds"] / turn[name]["seconds"] for turn in turns]
        middle[name] |= {"ratio": statistics.median(ratios), "ratio_least": min(ratios), "ratio_most": max(ratios)}
    beyond = statistics.median(turn[HERE]["seconds"] - turn[TORCH]["seconds"] for turn in turns)
    return {"imports": middle, "seconds_beyond_torch": beyond, "target": BEYOND_TORCH_AT_MOST}


def rows(results: dict[str, Any]) -> list[Row]:
    """A row for each peer, and a row for the time beyond the import of torch."""
    imports = results["imports"]
    figures = {name: f"{cost['seconds']:.2f} s, {cost['modules']:.0f} modules" for name, cost in imports.items()}
    beside = [
        Row("import uisrnn", f"import {name}: {figures[name]}", figures[HERE], ratio(imports[name], "time", 2))
        for name in (TORCH, PEER)
    ]
    beyond = f"{results['seconds_beyond_torch']:.2f} s"
    return [*beside, Row("import uisrnn, beyond torch", "", beyond, "", f"at most {results['target']:g} s")]


def main() -> None:
    """Measure all imports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="folder with uisrnn 0.1.2")
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    parser.add_argument("--rounds", type=int, default=11)
    args = parser.parse_args()
    if not args.peer or not Path(args.peer, "uisrnn").is_dir():
        parser.error("--peer must be a folder that holds uisrnn 0.1.2")
    results = {"machine": machine(), "rounds": args.rounds, **compare(args.rounds, str(Path(args.peer).resolve()))}
    print(header())
    show(rows(results))
    write(results, args.out)


if __name__ == "__main__":
    main()
