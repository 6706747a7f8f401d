"""The number of cores that this process may use: its affinity, and the CPU quota of its control groups (cgroups)."""

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath

_ROOT = Path("/")
_V1_CONTROLLER = "cpu"


def usable_cores() -> int:
    """The cores that `taskset` and the container leave to this process, at least 1.

    A quota of 2.5 cores counts as 2 cores: with 3 threads, all three would wait in every period until the next begins.
    """
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    quota = _quota_of_process()
    return cores if quota is None else max(1, min(cores, int(quota)))


@lru_cache(maxsize=1)
def _quota_of_process() -> float | None:
    return cpu_quota(_ROOT)


def cpu_quota(root: Path) -> float | None:
    """The cores that the control groups of this process may use on average; None: no limit.

    A process has the smallest quota of its group and of all groups above. A container may see its own group as the
    root of all groups, so a group that does not exist has no limit of its own.

    Args:
        root: the root of the file system; `proc/self/cgroup` and `sys/fs/cgroup` are below it.
    """
    quotas = [quota for folder in _folders(root) for quota in (_quota_v2(folder), _quota_v1(folder)) if quota]
    return min(quotas, default=None)


def _folders(root: Path) -> Iterator[Path]:
    """The folders of the groups of this process that may have a CPU quota, and of the groups above."""
    mounts = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if number == "0" and not controllers:
            places = [mounts, mounts / "unified"]  # the second folder if both versions are in use
        elif _V1_CONTROLLER in controllers.split(","):
            places = [mounts / controllers, mounts / _V1_CONTROLLER]
        else:
            continue
        path = PurePosixPath("/", group)
        for above in (path, *path.parents):
            yield from (place / above.relative_to("/") for place in places)


def _quota_v2(folder: Path) -> float | None:
    """The quota in `cpu.max`, which holds "max 100000" or microseconds of a period, as in "150000 100000"."""
    words = _text(folder / "cpu.max").split()
    return _ratio(words[0], words[1]) if len(words) == 2 else None


def _quota_v1(folder: Path) -> float | None:
    """The quota in `cpu.cfs_quota_us`, which is -1 if there is no limit."""
    return _ratio(_text(folder / "cpu.cfs_quota_us").strip(), _text(folder / "cpu.cfs_period_us").strip())


def _ratio(quota: str, period: str) -> float | None:
    """The ratio of two positive numbers; None if a text is no positive number."""
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else None


def _text(path: Path) -> str:
    """The text of a file; empty if the file cannot be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
