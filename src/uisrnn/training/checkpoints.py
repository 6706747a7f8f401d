"""Checkpoints of a training: what a process that was killed leaves for the next one to go on with."""

import errno
import json
import os
import re
import sys
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from uisrnn.checkpoint import container
from uisrnn.checks import require_integer
from uisrnn.errors import ArgumentError, CheckpointError
from uisrnn.files import write_atomically
from uisrnn.training.course import Course, Stage
from uisrnn.training.state import Tensors
from uisrnn.training.team import ALONE, Team

if sys.platform != "win32":
    import fcntl

FORMAT_VERSION = 1
_LONGEST = 1e12  # minutes
_KEY = "uisrnn-training"
_NAME = re.compile(r"checkpoint-(\d{8,})\.safetensors")


class Shelf(Protocol):
    """Where checkpoints are put."""

    def latest(self) -> tuple[str, bytes] | None:
        """The name and the content of the last one; None where there is none."""

    def put(self, content: bytes) -> None:
        """Add one, in one step. Of several processes all call it, with the same content."""

    def close(self) -> None:
        """No other will be put."""


class Folder:
    """A folder with the last few checkpoints; see `Shelf`.

    Args:
        path: of the folder, which is made where it is not there.
        keep: how many.
        writes: whether this process does; one of several.

    Raises:
        ArgumentError: another process writes there now.
        OSError: the folder cannot be made, or not be written to.
    """

    def __init__(self, path: Path, keep: int, writes: bool = True) -> None:
        self._path, self._keep, self._writes = path, keep, writes
        path.mkdir(parents=True, exist_ok=True)
        if writes and not os.access(path, os.W_OK):  # nobody shall learn it at the first checkpoint
            raise OSError(errno.EACCES, "Checkpoints cannot be written there", str(path))
        self._unlock = _locked(self, path) if writes else lambda: None

    def _numbers(self) -> list[int]:
        found = [_NAME.fullmatch(one.name) for one in self._path.iterdir()]
        return sorted(int(one[1]) for one in found if one)

    def _file(self, number: int) -> Path:
        return self._path / f"checkpoint-{number:08}.safetensors"

    def latest(self) -> tuple[str, bytes] | None:
        """See `Shelf.latest`."""
        numbers = self._numbers()
        return (str(self._file(numbers[-1])), self._file(numbers[-1]).read_bytes()) if numbers else None

    def put(self, content: bytes) -> None:
        """See `Shelf.put`; the oldest go when the new one is whole."""
        if not self._writes:
            return
        numbers = self._numbers()
        write_atomically(self._file(numbers[-1] + 1 if numbers else 0), content)
        for number in numbers[: len(numbers) + 1 - self._keep]:
            self._file(number).unlink(missing_ok=True)

    def close(self) -> None:
        """See `Shelf.close`."""
        self._unlock()


def _locked(owner: Folder, folder: Path) -> Callable[[], object]:
    """Let only one training write to a folder, as long as the owner lives or until what is returned is called."""
    if sys.platform == "win32":
        return lambda: None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise ArgumentError(f"{folder}: another training keeps its checkpoints there now") from error
    return weakref.finalize(owner, os.close, handle)


class Checkpoints:
    """Checkpoints of `UISRNN.fit` in a folder, so that a training which was killed can go on.

    There is one every few minutes and at the end of each stage, with weights, optimizers, schedules, randomness and the
    position in the data. A training that goes on gives bit for bit (on a CPU, with as many threads) the model that it
    would have given without the interruption. It reads the data again, which must be the same, as must be the
    arguments, but for `max_time`; of seeds, that of the beginning holds.

    Args:
        folder: of one training; it is made where it is not there. Each checkpoint is written in one step.
        every: minutes from one to the next.
        keep: how many of the last ones stay.
        resume: go on from the last one, or begin where there is none. Without it there must be none.

    Raises:
        ArgumentError: an argument is not acceptable.

    >>> import tempfile, uisrnn
    >>> model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=2, rnn_hidden_size=4, seed=0))
    >>> args = uisrnn.TrainingArguments(train_iteration=3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     history = model.fit([[[0, 1], [1, 0]]], [["ann", "bob"]], args, checkpoints=uisrnn.Checkpoints(folder))
    ...     os.listdir(folder)
    ['checkpoint-00000000.safetensors']
    """

    def __init__(
        self, folder: str | os.PathLike[str], *, every: float = 10.0, keep: int = 3, resume: bool = False
    ) -> None:
        path = os.fspath(folder) if isinstance(folder, (str, os.PathLike)) else None
        if not isinstance(path, str) or not path or "\0" in path:
            raise ArgumentError(f"folder must be a path, but is {folder!r:.80}")
        if isinstance(every, bool) or not isinstance(every, (int, float)) or not 0 <= every < _LONGEST:
            raise ArgumentError(f"every must be a number of minutes >= 0, but is {every!r:.80}")
        self.folder, self.every, self.resume = Path(folder), float(every), bool(resume)
        self.keep = require_integer("keep", keep, 1)

    def begin(self, facts: Mapping[str, Any], seed: int, team: Team = ALONE) -> "Keeping":
        """The keeper of a training.

        Args:
            facts: what must be the same when it goes on, of what JSON can hold, by the words of error messages.
            seed: of its randomness, if it begins now.
            team: the processes that train together; the first one writes.

        Raises:
            ArgumentError: the folder has checkpoints, of something else or without `resume`.
            CheckpointError: the last one is damaged.
            OSError: the folder cannot be made or read.
        """
        shelf = Folder(self.folder, self.keep, writes=team.rank == 0)
        if not self.resume and team.agree(shelf.latest() is not None):
            shelf.close()
            raise ArgumentError(
                f"{self.folder} holds checkpoints of an earlier training: go on with resume, or take another folder"
            )
        try:
            return Keeping(shelf, self.every, facts, seed, team)
        except BaseException:
            shelf.close()
            raise


class Forgetful:
    """A keeper who keeps nothing; see `Keeper`.

    Args:
        seed: of the training.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def resumed(self, stage: Stage) -> Course:
        """From the beginning."""
        return Course()

    def offer(self, stage: Stage, course: Course) -> None:
        """Do nothing."""

    def keep(self, stage: Stage, course: Course) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Keeping:
    """A keeper whose checkpoints hold all stages so far; see `Keeper`.

    Args:
        shelf: where they are.
        every: minutes from one to the next.
        facts: see `Checkpoints.begin`.
        seed: see `Checkpoints.begin`.
        team: see `Checkpoints.begin`.

    Attributes:
        seed: of the training, that of its beginning where it goes on.
        resumed_from: the name of the checkpoint where it goes on, else None.
    """

    def __init__(self, shelf: Shelf, every: float, facts: Mapping[str, Any], seed: int, team: Team = ALONE) -> None:
        self._shelf, self._seconds, self._team = shelf, 60 * every, team
        self._tensors: dict[str, Tensors] = {}
        self._header = {"format_version": FORMAT_VERSION, "facts": json.loads(json.dumps(facts)), "seed": seed}
        self.resumed_from: str | None = None
        found = team.gather(shelf.latest() if team.rank == 0 else None)[0]  # others may not see the folder
        if found is not None:
            self.resumed_from = found[0]
            self._take(*found)
        self.seed = int(self._header["seed"])
        self._next = time.monotonic() + self._seconds

    def _take(self, name: str, content: bytes) -> None:
        """What is in a checkpoint, if it is one of this training."""
        try:
            tensors, header = container.unpack(content, _KEY, "checkpoint", "not a checkpoint of a training")
            if header.get("format_version") != FORMAT_VERSION:
                raise CheckpointError(f"its format {header.get('format_version')!r:.20} is not known here")
            if not isinstance(header.get("seed"), int) or not isinstance(header.get("facts"), dict):
                raise CheckpointError("its header is damaged")
        except CheckpointError as error:
            raise CheckpointError(f"{name}: {error}; without this file, the one before it is taken") from error
        for what, value in self._header["facts"].items():
            if header["facts"].get(what) != value:
                raise ArgumentError(_difference(name, what, header["facts"].get(what), value))
        self._header["seed"] = header["seed"]
        for place, tensor in tensors.items():
            stage, _slash, rest = place.partition("/")
            self._tensors.setdefault(stage, {})[rest] = tensor

    def resumed(self, stage: Stage) -> Course:
        """See `Keeper.resumed`."""
        tensors = self._tensors.get(stage.name)
        if tensors is None:
            return Course()
        try:
            stage.restore({name: one.clone() for name, one in tensors.items() if not name.startswith(_COURSE)})
            return _course_of({name: one for name, one in tensors.items() if name.startswith(_COURSE)})
        except CheckpointError as error:
            raise CheckpointError(f"{self.resumed_from}: does not fit this training: {error}") from error
        except (KeyError, ValueError, IndexError, TypeError) as error:
            raise CheckpointError(f"{self.resumed_from}: does not fit this training: {error!r:.200}") from error

    def close(self) -> None:
        """The training has ended, however it did."""
        self._shelf.close()

    def offer(self, stage: Stage, course: Course) -> None:
        """See `Keeper.offer`."""
        if self._team.agree(time.monotonic() >= self._next):
            self.keep(stage, course)

    def keep(self, stage: Stage, course: Course) -> None:
        """See `Keeper.keep`."""
        now = {**stage.tensors(), **_tensors_of(course)}
        before = self._tensors.get(stage.name)
        if before is not None and _are_equal(before, now):  # it went on from its end
            return
        self._tensors[stage.name] = {name: one.detach().cpu().clone() for name, one in now.items()}
        tensors = {f"{name}/{key}": one for name, held in self._tensors.items() for key, one in held.items()}
        self._shelf.put(container.pack(tensors, _KEY, self._header))
        self._next = time.monotonic() + self._seconds


_COURSE = "course."
_CHECKS = "course.checks"
_FIGURES = "course.figures."


def _tensors_of(course: Course) -> Tensors:
    """A course as tensors, which hold any number exactly."""
    figures = {f"{_FIGURES}{name}": torch.tensor(one, dtype=torch.float64) for name, one in course.figures.items()}
    return {
        "course.now": torch.tensor([course.iteration, int(course.ended)]),
        "course.losses": torch.tensor(course.losses, dtype=torch.float64),
        "course.skipped": torch.tensor(course.skipped, dtype=torch.int64),
        _CHECKS: torch.tensor(list(course.checks.items()), dtype=torch.float64).reshape(-1, 2),
        **figures,
    }


def _course_of(tensors: Tensors) -> Course:
    iteration, ended = tensors["course.now"].tolist()
    return Course(
        iteration=int(iteration),
        losses=tensors["course.losses"].tolist(),
        figures={
            name.removeprefix(_FIGURES): one.tolist() for name, one in tensors.items() if name.startswith(_FIGURES)
        },
        skipped=tensors["course.skipped"].tolist(),
        checks={int(at): loss for at, loss in tensors[_CHECKS].tolist()},
        ended=bool(ended),
    )


def _are_equal(one: Tensors, other: Tensors) -> bool:
    def same(name: str) -> bool:
        a: Tensor = one[name].cpu()
        b = other[name].detach().cpu()
        return a.shape == b.shape and bool((a == b).all())

    return one.keys() == other.keys() and all(map(same, one))


def _difference(name: str, what: str, before: Any, now: Any) -> str:
    """The words for a training that is another one."""
    if isinstance(before, dict) and isinstance(now, dict):
        names = [one for one in now if before.get(one) != now[one]]
        listed = ", ".join(f"{one} was {before.get(one)!r}, is {now[one]!r}" for one in names)
        return f"{name}: a training goes on with the {what} that it began with, but {listed:.300}"
    return f"{name}: a training goes on with the {what} that it began with, but these are others"


def require_checkpoints(checkpoints: object) -> None:
    """See to it that they are some, or None.

    Raises:
        ArgumentError: they are not.
    """
    if not isinstance(checkpoints, Checkpoints | None):
        raise ArgumentError(f"checkpoints must be Checkpoints('folder') or None, but is {checkpoints!r:.80}")
