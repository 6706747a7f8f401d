"""The cores of this process: affinity, and quotas of control groups in files of either version."""

import os

import pytest

from uisrnn import cores
from uisrnn.cores import cpu_quota, usable_cores

V2 = "0::/a/b\n"
V1 = "5:memory:/a\n4:cpu,cpuacct:/a/b\n0::/\n"


def files(root, groups: str, **texts: str):
    """A file system with the groups of the process and the texts of files by path; "__" stands for a slash."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for name, text in texts.items():
        path = (
            root / "sys/fs/cgroup" / name.replace("__", "/").replace("cpu_max", "cpu.max").replace("cfs_", "cpu.cfs_")
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("texts", "quota"),
    [
        ({}, None),
        ({"a__b__cpu_max": "max 100000\n"}, None),
        ({"a__b__cpu_max": "150000 100000\n"}, 1.5),
        ({"a__b__cpu_max": "400000 100000\n", "a__cpu_max": "200000 100000\n"}, 2.0),  # the group above has less
        ({"a__b__cpu_max": "max 100000\n", "cpu_max": "50000 100000\n"}, 0.5),  # a container sees its group as the root
        ({"unified__a__b__cpu_max": "300000 100000\n"}, 3.0),
        ({"a__b__cpu_max": "nonsense"}, None),
        ({"a__b__cpu_max": "1000 0"}, None),
        ({"other__cpu_max": "100000 100000\n"}, None),
    ],
)
def test_the_quota_of_version_2_is_the_least_of_all_groups_above(tmp_path, texts, quota):
    assert cpu_quota(files(tmp_path, V2, **texts)) == quota


@pytest.mark.parametrize(
    ("texts", "quota"),
    [
        ({}, None),
        ({"cpu__a__b__cfs_quota_us": "-1\n", "cpu__a__b__cfs_period_us": "100000\n"}, None),
        ({"cpu__a__b__cfs_quota_us": "250000\n", "cpu__a__b__cfs_period_us": "100000\n"}, 2.5),
        ({"cpu,cpuacct__cfs_quota_us": "100000\n", "cpu,cpuacct__cfs_period_us": "50000\n"}, 2.0),
        ({"cpu__a__b__cfs_quota_us": "250000\n"}, None),  # no period
    ],
)
def test_the_quota_of_version_1_is_in_two_files(tmp_path, texts, quota):
    assert cpu_quota(files(tmp_path, V1, **texts)) == quota


def test_a_system_without_control_groups_has_no_quota(tmp_path):
    assert cpu_quota(tmp_path) is None


@pytest.mark.parametrize(("quota", "expected"), [(None, 8), (0.5, 1), (1.5, 1), (3.9, 3), (100.0, 8)])
def test_a_quota_counts_in_whole_cores_and_never_adds_cores(monkeypatch, quota, expected):
    monkeypatch.setattr(cores, "_quota_of_process", lambda: quota)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(8)), raising=False)
    assert usable_cores() == expected


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity needs Linux")
def test_affinity_counts_as_soon_as_it_changes():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
