"""The benchmark of devices keeps its time, and its table names all that is missing."""

import importlib
import sys
import time
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def devices(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("devices")
    for path in BENCHMARKS.glob("*.py"):
        sys.modules.pop(path.stem, None)


class Fake:
    """A worker that answers at once, or after its patience is over."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    def ask(self, task, seconds, wait):
        self.asked.append((task, seconds, wait))
        return self.answers.pop(0) if self.answers else {"error": "no time"}


def figures(seconds):
    return {"figures": {"seconds": seconds}}


def test_a_figure_is_the_median_of_its_rounds(devices):
    cases = [devices.Case("gru training, batch 10", devices="all gpu")]
    workers = {"all": Fake([figures(3.0), figures(1.0), figures(2.0)]), "gpu": Fake([figures(0.5)])}
    results = devices.measure(cases, workers, 100)["gru training, batch 10"]
    assert results["all"] == {"rounds": 3, "seconds": 2.0, "seconds_least": 1.0, "seconds_most": 3.0}
    assert results["gpu"]["rounds"] == 1


def test_the_devices_take_turns(devices):
    order = []

    class Noting(Fake):
        def ask(self, *request):
            order.append(self.name)
            return figures(1.0)

    workers = {name: Noting([]) for name in ("all", "gpu")}
    for name, worker in workers.items():
        worker.name = name
    devices.measure([devices.Case("gru training, batch 10")], workers, 100)
    assert order == ["all", "gpu"] * 3


def test_no_measurement_begins_after_the_end_and_none_may_wait_beyond_it(devices):
    workers = {"all": Fake([])}
    cases = [devices.Case("gru training, batch 10"), devices.Case("gru training, batch 100")]
    assert devices.measure(cases, workers, 0.5) == {case.task: {"all": {"error": "no time"}} for case in cases}
    assert workers["all"].asked == []
    devices.measure(cases, workers, 10)
    assert all(wait <= 10 for _task, _seconds, wait in workers["all"].asked)


def test_a_process_that_does_not_answer_is_ended(devices, tmp_path, monkeypatch):
    worker = devices.Worker("cpu", 1, str(tmp_path))
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    popen = devices.subprocess.Popen
    monkeypatch.setattr(devices.subprocess, "Popen", lambda _command, **options: popen(sleeper, **options))
    monkeypatch.setattr(devices, "START", 0.2)
    start = time.monotonic()
    assert worker.ask("gru training, batch 10", 1, wait=0.2) == {"error": "no time"}
    assert time.monotonic() - start < 30
    assert worker._process is None


def test_the_table_says_that_the_gpu_is_missing(devices):
    results = {
        "gpu": "torch finds no CUDA GPU: its figures are missing",
        "cases": {
            "gru training, batch 10": {"all": {"seconds": 0.011}, f"{devices.PEER} all": {"error": "no time"}},
            "gru training, batch 100, mixed": {},
            "four clusters on corners": {"all": {"right": 15, "seeds": 16, "mean": 0.98}},
        },
    }
    cells = [row.cells[:3] for row in devices.rows(results)]
    assert cells == [
        ("the GPU", "", "torch finds no CUDA GPU: its figures are missing"),
        ("gru training, batch 10: an iteration", "uisrnn 0.1.2 all: no time", "all cores: 11.0 ms"),
        ("gru training, batch 100, mixed: an iteration", "", "needs a GPU"),
        ("four clusters on corners", "", "all cores: 15 of 16 seeds right, mean 0.980"),
    ]


def test_all_workers_start_and_the_last_device_trains_the_model(devices):
    workers = {name: Fake([figures(1.0)] * 9) for name in ("1", "all", "gpu", f"{devices.PEER} all")}
    devices.start_all(workers, 10)
    asked = {name: [task for task, _seconds, _wait in worker.asked] for name, worker in workers.items()}
    assert asked == {
        "1": ["start"], "all": ["start"], "gpu": ["start", "prepare"], f"{devices.PEER} all": ["start"],
    }  # fmt: skip


def test_every_case_has_a_task(devices):
    tasks = importlib.import_module("device_work").TASKS
    assert {case.task for case in devices.CASES} | {"start", "prepare"} == set(tasks)


@pytest.mark.parametrize(("gpu", "peer", "names"), [
    (False, None, ["all"]),
    (True, "old", ["all", "gpu", "uisrnn 0.1.2 all", "uisrnn 0.1.2 gpu"]),
])  # fmt: skip
def test_there_is_a_worker_for_each_device(devices, gpu, peer, names):
    workers = devices.workers_of("folder", gpu, peer)
    assert [name for name in workers if name not in ("1", "2")] == names
