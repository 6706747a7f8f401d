"""What figures are measured on, and the memory that a process took."""

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

PACKAGES = ("torch", "numpy", "numba", "scipy")
PLACE = ("cpu", "cores", "memory_gb", "system", "python", *PACKAGES)  # what all benchmarks record


def machine(*more: str) -> dict[str, object]:
    """What the figures of this run are measured on; `more` are packages that only this benchmark uses."""
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
    """The one that is checked out, with "-dirty" where files differ from it."""
    describe = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    done = subprocess.run(describe, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def peak_mb() -> float:
    """Most memory that this process held at a time, from Linux, which starts anew at each exec."""
    return int(_first("/proc/self/status", "VmHWM").split()[0]) / 1024


def _first(path: str, name: str) -> str:
    """The value in the first line that begins with the name."""
    lines = Path(path).read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "unknown")
