"""One model trained by several processes, each on its share of the sequences; Ray Train starts and restarts them."""

import dataclasses
import logging
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import torch

from uisrnn import extras
from uisrnn.arguments import ModelArguments, TrainingArguments
from uisrnn.checks import require_integer
from uisrnn.corpus.dataset import Dataset
from uisrnn.distributed.cluster import connect, load_ray, told_here
from uisrnn.distributed.relay import Audience, News, Relay, followed
from uisrnn.errors import ArgumentError, ClusterError, UISRNNError
from uisrnn.formats.reading import Skipped
from uisrnn.training.checkpoints import Checkpoints, StoringCheckpointer, require_checkpoints
from uisrnn.training.history import History
from uisrnn.training.team import SINGLE_PROCESS, ProcessGroup, Team
from uisrnn.training.watcher import SILENT_WATCHER, Watcher, require_watcher
from uisrnn.uisrnn import UISRNN

_RUN = "run"
_FILE = "training.safetensors"
_PATIENCE = 10.0  # seconds to wait for news


def train(
    model: UISRNN,
    dataset: Any,
    args: object = None,
    *,
    address: str | None = None,
    workers: int | None = None,
    checkpoints: Checkpoints | None = None,
    retries: int = 3,
    watcher: Watcher = SILENT_WATCHER,
) -> History:
    """`model.fit` by several processes at once.

    Each process reads its share of the shards, or, where there are fewer shards than processes, of the sequences, and
    draws its part of each batch from these; gradients are averaged, and sums from which closed forms follow are added
    up, so that all have the same model at every step. A step is that of a single process on the batches of all. When a
    process is lost, all start again from the last checkpoint. Shares should be of about one size: each process draws as
    many cluster sequences from its own.

    Args:
        model: trained in place, as by `fit`, but for the state of its optimizer, which starts anew. It is as before
            after an error.
        dataset: a `Dataset` of files, a path or a list of paths, which all machines see. What it tells of the last pass
            is what all processes read.
        args: `TrainingArguments`, any object with those attributes, or None for all defaults.
        address: of the Ray cluster, see `uisrnn.distributed.predict`.
        workers: processes, of one core, or one GPU where there are enough and the model may use them; None: one a core.
        checkpoints: where Ray Train keeps them, in a folder `run` that all machines see; None: a temporary folder,
            which only does on a cluster of this machine.
        retries: how often lost processes are replaced.
        watcher: see `UISRNN.fit`; it is told by this process what the first of them tells, each figure once.

    Returns:
        Each loss term at each iteration.

    Raises:
        ArgumentError, InputError, TrainingError, CheckpointError, OSError: as `fit` does, in any of the processes.
        ClusterError: the cluster cannot be reached, or processes were lost too often.
        MissingExtraError: Ray is not installed.
    """
    if not isinstance(model, UISRNN):
        raise ArgumentError(f"model must be a UISRNN, but is {type(model).__name__}")
    require_checkpoints(checkpoints)
    require_watcher(watcher)
    training_args = TrainingArguments.of(args)
    require_integer("retries", retries, least=0)
    files = dataset if isinstance(dataset, Dataset) else Dataset(dataset)
    if not files.is_of_files:
        raise ArgumentError("dataset must be of files, which all processes can read")
    if checkpoints is None and (address or os.environ.get("RAY_ADDRESS")):
        raise ArgumentError("checkpoints must be given with an address, in a folder that all machines of it see")
    audience = Audience(watcher, training_args, model.logger)
    with tempfile.TemporaryDirectory() as temporary, connect(address, workers) as number, watcher:
        watcher.started(model=dataclasses.asdict(model.arguments), training=dataclasses.asdict(training_args))
        kept = checkpoints or Checkpoints(temporary)
        _require_right_start(kept)
        job = _Job(
            model=model.to_bytes(),
            model_args={**dataclasses.asdict(model.arguments), "seed": model.draw_seed()},
            training_args=dataclasses.asdict(training_args),
            dataset=files.located(),
            every=kept.every,
            end=None if training_args.max_time is None else time.time() + training_args.max_time,
            number=number,
        )
        result = _run(job, kept, retries, audience, uses_gpu=_has_gpus(model, number))
        files.staged_sizes, files.skipped = result.sizes, result.skipped
        for one in files.skipped:
            audience.say(logging.WARNING, f"left out: {one.why}")
        model.load_bytes(result.model)
        assert model.transition_bias is not None
        assert model.crp_alpha is not None
        watcher.learned(
            transition_bias=model.transition_bias, crp_alpha=model.crp_alpha, likelihood_scale=model.likelihood_scale
        )
    return result.history


@dataclasses.dataclass(frozen=True)
class _Job:
    """What every process must know."""

    model: bytes
    model_args: Mapping[str, Any]
    training_args: Mapping[str, Any]
    dataset: Dataset
    every: float
    end: float | None
    number: int


@dataclasses.dataclass(frozen=True)
class _Result:
    """What came of it: the bytes of a model file, what happened, and what the processes read."""

    model: bytes
    history: History
    sizes: tuple[int, int]
    skipped: list[Skipped]


class _Verdict:
    """What came of the training, kept beside its processes: errors of ours would only come again after a restart."""

    def __init__(self) -> None:
        self._news: list[News] = []
        self._error: UISRNNError | OSError | None = None
        self._result: _Result | None = None

    def tell(self, news: list[News]) -> None:
        """The first process tells this."""
        self._news += news

    def news(self) -> list[News]:
        """What has been told since the last call."""
        news, self._news = self._news, []
        return news

    def fail(self, error: UISRNNError | OSError) -> None:
        """A process met this; the first error counts."""
        self._error = self._error or error

    def error(self) -> UISRNNError | OSError | None:
        """What a process met."""
        return self._error

    def finish(self, result: _Result) -> None:
        """The training gave this."""
        self._result = result

    def result(self) -> _Result | None:
        """What the training gave."""
        return self._result


def _train() -> Any:
    extras.load("torch.distributed", "ray", "training on a cluster")
    extras.load("ray.train.torch", "ray", "training on a cluster")
    return extras.load("ray.train", "ray", "training on a cluster")


def _require_right_start(checkpoints: Checkpoints) -> None:
    run = checkpoints.folder / _RUN
    if not checkpoints.resume and run.is_dir() and any(run.glob("checkpoint_*")):
        raise ArgumentError(
            f"{checkpoints.folder} holds checkpoints of an earlier training: go on with resume, or take another folder"
        )


def _has_gpus(model: UISRNN, number: int) -> bool:
    ray = load_ray()
    may = model.arguments.enable_cuda and model.arguments.device != "cpu"
    return may and ray.cluster_resources().get("GPU", 0) >= number


def _run(job: _Job, kept: Checkpoints, retries: int, audience: Audience, uses_gpu: bool) -> _Result:
    ray, train = load_ray(), _train()
    verdict = ray.remote(num_cpus=0)(_Verdict).remote()
    trainer = train.torch.TorchTrainer(
        _work,
        train_loop_config={"job": job, "verdict": verdict},
        torch_config=train.torch.TorchConfig(backend="nccl" if uses_gpu else "gloo"),
        scaling_config=train.ScalingConfig(num_workers=job.number, use_gpu=uses_gpu),
        run_config=train.RunConfig(
            name=_RUN,
            storage_path=str(kept.folder.absolute()),
            failure_config=train.FailureConfig(max_failures=retries),
            checkpoint_config=train.CheckpointConfig(num_to_keep=kept.keep),
        ),
    )
    failure: Exception | None = None
    with told_here("training"), followed(lambda: ray.get(verdict.news.remote(), timeout=_PATIENCE), audience):
        try:
            trainer.fit()
        except RuntimeError as error:  # Ray Train's own base, which is none of Ray's errors
            failure = error
        met: UISRNNError | OSError | None = ray.get(verdict.error.remote())
        result: _Result | None = ray.get(verdict.result.remote())
    if met is not None:
        raise met
    if result is None:
        raise ClusterError(f"training was given up after {retries} restarts: {failure!s:.300}") from failure
    return result


def _work(config: Mapping[str, Any]) -> None:
    """What each process does."""
    ray = load_ray()
    job, verdict = config["job"], config["verdict"]
    if ray.get(verdict.error.remote()) is not None:
        return
    device = _train().torch.get_device()
    if device.type == "cpu":
        torch.set_num_threads(1)
    relay = Relay(lambda news: verdict.tell.remote(news))
    try:
        team = ProcessGroup(device)
        with closing(relay):
            history, model = _trained(job, team, device, relay)
        sequences, observations = team.sum(np.array(job.dataset.staged_sizes, dtype=np.float64)).tolist()
        skipped = dict.fromkeys(one for part in team.gather(job.dataset.skipped) for one in part)
    except (UISRNNError, OSError) as error:
        ray.get(verdict.fail.remote(error))
        raise
    if team.rank == 0:
        result = _Result(model.to_bytes(), history, (int(sequences), int(observations)), list(skipped))
        ray.get(verdict.finish.remote(result))


def _trained(job: _Job, team: Team, device: torch.device, relay: Relay) -> tuple[History, UISRNN]:
    """What `fit` gives in one of the processes, of which the first one tells."""
    device_name = "cpu" if device.type == "cpu" else str(device)
    verbosity = 0 if team.rank else job.model_args["verbosity"]
    model = UISRNN(ModelArguments(**{**job.model_args, "device": device_name, "verbosity": verbosity}))
    model.load_bytes(job.model)
    relay.listen(model.logger)
    left = None if job.end is None else max(job.end - time.time(), 1e-3)
    args = TrainingArguments(**{**job.training_args, "max_time": left})
    watcher = SILENT_WATCHER if team.rank else relay
    return model.fit(job.dataset, args=args, watcher=watcher, checkpoints=_InRay(job.every), team=team), model


class _InRay(Checkpoints):
    """Checkpoints that Ray Train keeps; it hands out the last one to processes that start again."""

    def __init__(self, every: float) -> None:
        super().__init__(_RUN, every=every)

    def begin(self, facts: Mapping[str, Any], seed: int, team: Team = SINGLE_PROCESS) -> StoringCheckpointer:
        """See `Checkpoints.begin`."""
        return StoringCheckpointer(_RayStore(team), self.every, facts, seed, team)


class _RayStore:
    """The checkpoints of Ray Train; see `uisrnn.training.store.Store`."""

    def __init__(self, team: Team) -> None:
        self._team = team

    def latest(self) -> tuple[str, bytes] | None:
        """See `Store.latest`."""
        found = _train().get_checkpoint()
        if found is None:
            return None
        with found.as_directory() as folder:
            return f"{found.path}/{_FILE}", Path(folder, _FILE).read_bytes()

    def put(self, content: bytes) -> None:
        """See `Store.put`; all processes report, the first one with the file."""
        train = _train()
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = None
            if self._team.rank == 0:
                Path(folder, _FILE).write_bytes(content)
                checkpoint = train.Checkpoint.from_directory(folder)
            train.report({}, checkpoint=checkpoint)

    def close(self) -> None:
        """See `Store.close`."""
