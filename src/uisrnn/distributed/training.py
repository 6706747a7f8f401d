"""Training of a model by several processes, each on its share of the sequences; Ray Train restarts lost processes."""

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
from uisrnn.distributed.cluster import connect, load_ray, raising_worker_errors
from uisrnn.distributed.events import Event, EventReceiver, EventSender, receiving
from uisrnn.errors import ArgumentError, ClusterError, UISRNNError
from uisrnn.formats.reading import Skipped
from uisrnn.model.registry import registration_of
from uisrnn.training.checkpoints import Checkpoints, StoringCheckpointer, require_checkpoints
from uisrnn.training.history import History
from uisrnn.training.team import SINGLE_PROCESS, ProcessGroup, Team
from uisrnn.training.watcher import SILENT_WATCHER, Watcher, require_watcher
from uisrnn.uisrnn import UISRNN

_RUN = "run"
_FILE = "training.safetensors"
_TIMEOUT = 10.0  # seconds to wait for events


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
    """Train a model as `model.fit` does, by several processes at once.

    Each process reads its share of the shards, or its share of the sequences if there are fewer shards than processes,
    and draws its part of each batch from this share. Gradients are averaged, and the sums for closed forms are added
    up, so all processes have the same model at every step. A step equals the step of a single process on the batches
    of all processes. If a process is lost, all processes start again from the last checkpoint. Shares should have
    similar sizes, because each process draws the same number of cluster sequences.

    Args:
        model: trained in place, as by `fit`, except for the state of its optimizer, which starts anew. After an error
            the model is unchanged.
        dataset: a `Dataset` of files, a path or a list of paths, which all machines see. Its counts of the last pass
            are the sums over all processes.
        args: `TrainingArguments`, or any object with its attributes; None: all defaults.
        address: of the Ray cluster, see `uisrnn.distributed.predict`.
        workers: number of processes. Each has a GPU if there are enough GPUs and the model may use them, else a core.
            None: the number of cores.
        checkpoints: Ray Train keeps checkpoints in the folder `run` of this folder, which all machines must see. None:
            a temporary folder, which is possible only on a cluster of this machine.
        retries: how often lost processes are replaced.
        watcher: see `UISRNN.fit`; it is called in this process with the figures of the process of rank 0, each exactly
            once.

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
        raise ArgumentError("checkpoints must be given with an address, in a folder that all its machines see")
    receiver = EventReceiver(watcher, training_args, model.logger)
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
        result = _run(job, kept, retries, receiver, uses_gpu=_has_gpus(model, number))
        files.staged_sizes = result.sizes
        files.skipped = result.skipped
        for shard in files.skipped:
            receiver.log(logging.WARNING, f"left out: {shard.why}")
        model.load_bytes(result.model)
        assert model.transition_bias is not None
        assert model.crp_alpha is not None
        watcher.learned(
            transition_bias=model.transition_bias, crp_alpha=model.crp_alpha, likelihood_scale=model.likelihood_scale
        )
    return result.history


@dataclasses.dataclass(frozen=True)
class _Job:
    """The description of the training, which each process gets."""

    model: bytes
    model_args: Mapping[str, Any]
    training_args: Mapping[str, Any]
    dataset: Dataset
    every: float
    end: float | None
    number: int


@dataclasses.dataclass(frozen=True)
class _Result:
    """The result of the training: the bytes of a model file, the history, and the counts of all processes."""

    model: bytes
    history: History
    sizes: tuple[int, int]
    skipped: list[Skipped]


class _SharedState:
    """Events, error and result of a training, in a process of its own.

    An error of this library ends the training: Ray Train would start the processes again and meet the same error.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._error: UISRNNError | OSError | None = None
        self._result: _Result | None = None

    def add_events(self, events: list[Event]) -> None:
        self._events += events

    def take_events(self) -> list[Event]:
        """The events since the last call."""
        events = self._events
        self._events = []
        return events

    def set_error(self, error: UISRNNError | OSError) -> None:
        """Keep the first error of a process."""
        self._error = self._error or error

    def error(self) -> UISRNNError | OSError | None:
        return self._error

    def set_result(self, result: _Result) -> None:
        self._result = result

    def result(self) -> _Result | None:
        return self._result


def _train() -> Any:
    extras.load("torch.distributed", "ray", "training on a cluster")
    extras.load("ray.train.torch", "ray", "training on a cluster")
    return extras.load("ray.train", "ray", "training on a cluster")


def _require_right_start(checkpoints: Checkpoints) -> None:
    run = checkpoints.folder / _RUN
    if not checkpoints.resume and run.is_dir() and any(run.glob("checkpoint_*")):
        raise ArgumentError(
            f"{checkpoints.folder} holds checkpoints of an earlier training: set resume to continue it, or choose "
            "another folder"
        )


def _has_gpus(model: UISRNN, number: int) -> bool:
    ray = load_ray()
    wants_gpus = model.arguments.device != "auto" or registration_of(model.arguments.observation_model).gains_from_gpu
    may_use_gpus = model.arguments.enable_cuda and model.arguments.device != "cpu" and wants_gpus
    return may_use_gpus and ray.cluster_resources().get("GPU", 0) >= number


def _run(job: _Job, kept: Checkpoints, retries: int, receiver: EventReceiver, uses_gpu: bool) -> _Result:
    ray = load_ray()
    train = _train()
    state = ray.remote(num_cpus=0)(_SharedState).remote()
    trainer = train.torch.TorchTrainer(
        _work,
        train_loop_config={"job": job, "state": state},
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
    with (
        raising_worker_errors("training"),
        receiving(lambda: ray.get(state.take_events.remote(), timeout=_TIMEOUT), receiver),
    ):
        try:
            trainer.fit()
        except RuntimeError as error:  # the base of the errors of Ray Train, which are not RayErrors
            failure = error
        worker_error: UISRNNError | OSError | None = ray.get(state.error.remote())
        result: _Result | None = ray.get(state.result.remote())
    if worker_error is not None:
        raise worker_error
    if result is None:
        raise ClusterError(f"training was given up after {retries} restarts: {failure!s:.300}") from failure
    return result


def _work(config: Mapping[str, Any]) -> None:
    """The work of each process."""
    ray = load_ray()
    job = config["job"]
    state = config["state"]
    if ray.get(state.error.remote()) is not None:
        return
    device = _train().torch.get_device()
    sender = EventSender(lambda events: state.add_events.remote(events))
    try:
        team = ProcessGroup(device)
        with closing(sender):
            history, model = _trained(job, team, device, sender)
        sequences, observations = team.sum(np.array(job.dataset.staged_sizes, dtype=np.float64)).tolist()
        skipped = dict.fromkeys(shard for shards in team.gather(job.dataset.skipped) for shard in shards)
    except (UISRNNError, OSError) as error:
        ray.get(state.set_error.remote(error))
        raise
    if team.rank == 0:
        result = _Result(model.to_bytes(), history, (int(sequences), int(observations)), list(skipped))
        ray.get(state.set_result.remote(result))


def _trained(job: _Job, team: Team, device: torch.device, sender: EventSender) -> tuple[History, UISRNN]:
    """Train in this process; the process of rank 0 sends events."""
    place = {"device": "cpu", "threads": 1} if device.type == "cpu" else {"device": str(device), "threads": None}
    verbosity = 0 if team.rank else job.model_args["verbosity"]
    model = UISRNN(ModelArguments(**{**job.model_args, **place, "verbosity": verbosity}))
    model.load_bytes(job.model)
    sender.listen(model.logger)
    left = None if job.end is None else max(job.end - time.time(), 1e-3)
    args = TrainingArguments(**{**job.training_args, "max_time": left})
    watcher = SILENT_WATCHER if team.rank else sender
    return model.fit(job.dataset, args=args, watcher=watcher, checkpoints=_InRay(job.every), team=team), model


class _InRay(Checkpoints):
    """Checkpoints in Ray Train, which hands the last checkpoint to processes that start again."""

    def __init__(self, every: float) -> None:
        super().__init__(_RUN, every=every)

    def begin(self, facts: Mapping[str, Any], seed: int, team: Team = SINGLE_PROCESS) -> StoringCheckpointer:
        return StoringCheckpointer(_RayStore(team), self.every, facts, seed, team)


class _RayStore:
    """Checkpoints in Ray Train. All processes report, and the process of rank 0 adds the file."""

    def __init__(self, team: Team) -> None:
        self._team = team

    def latest(self) -> tuple[str, bytes] | None:
        checkpoint = _train().get_checkpoint()
        if checkpoint is None:
            return None
        with checkpoint.as_directory() as folder:
            return f"{checkpoint.path}/{_FILE}", Path(folder, _FILE).read_bytes()

    def put(self, content: bytes) -> None:
        train = _train()
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = None
            if self._team.rank == 0:
                Path(folder, _FILE).write_bytes(content)
                checkpoint = train.Checkpoint.from_directory(folder)
            train.report({}, checkpoint=checkpoint)

    def close(self) -> None:
        pass
