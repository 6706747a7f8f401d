"""The machine and the versions of a run, and the peak memory of a process."""

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

PACKAGES = ("torch", "numpy", "numba", "scipy")
PLACE = ("cpu", "cores", "memory_gb", "system", "python", *PACKAGES)  # recorded by all benchmarks


def machine(*more: str) -> dict[str, object]:
    """The machine, versions and commit of this run; `more` are packages that only this benchmark uses."""
    return {
        "cpu": _first("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_gb": round(int(_first("/proc/meminfo", "MemTotal").split()[0]) / 1024**2),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in PACKAGES + more},
        "commit": commit(),
    }


def commit() -> str:
    """The commit that is checked out, with "-dirty" if files differ from it."""
    describe = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    done = subprocess.run(describe, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def peak_mb() -> float:
    """Peak memory of this process, as Linux counts it since the last exec."""
    return int(_first("/proc/self/status", "VmHWM").split()[0]) / 1024


def _first(path: str, name: str) -> str:
    """The value in the first line that begins with the name."""
    lines = Path(path).read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "unknown")
