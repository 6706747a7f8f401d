"""A watcher that writes the figures of a training to files of TensorBoard."""

import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from uisrnn import extras
from uisrnn.errors import ArgumentError
from uisrnn.progress import Progress, Silent

_SECONDS_BETWEEN_WRITES = 10


class TensorBoard:
    """A watcher of `UISRNN.fit` whose figures `tensorboard --logdir FOLDER` shows.

    By iteration: `generative/` loss, its three terms and the learning rate; `discriminative/` loss, learning rate and
    the loss on the development sequences (`development`). At the end: `learned/` transition_bias, crp_alpha and
    likelihood_scale. The arguments are written as text. If a model is trained again with the same object, its curves
    continue.

    Args:
        folder: folder of one training, because TensorBoard joins the curves of a folder; it is created if it is
            missing.

    Raises:
        MissingExtraError: tensorboard is not installed.
        ArgumentError: `folder` is not a path.
        OSError: the folder cannot be created or written to.

    >>> import numpy as np, tempfile, uisrnn
    >>> model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=2, rnn_hidden_size=4, seed=0))
    >>> args = uisrnn.TrainingArguments(train_iteration=3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     history = model.fit([np.eye(2)], [["ann", "bob"]], args, watcher=TensorBoard(folder))
    ...     len(list(Path(folder).glob("events.*")))
    1
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._package = extras.load("torch.utils.tensorboard", "tensorboard", "TensorBoard")
        self.folder = _writable(folder)
        self._writer: Any = None
        self._done: Counter[str] = Counter()

    def __enter__(self) -> "TensorBoard":
        if self._writer is not None:
            raise ArgumentError(
                f"the TensorBoard of {self.folder} already watches a training; make another TensorBoard"
            )
        self._writer = self._package.SummaryWriter(self.folder, flush_secs=_SECONDS_BETWEEN_WRITES)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        writer = self._writer
        self._writer = None
        writer.close()

    def started(self, **arguments: Mapping[str, object]) -> None:
        """Write each group of arguments as a table."""
        for group, values in arguments.items():
            rows = [f"| {name} | {value} |" for name, value in values.items()]
            text = "\n".join(["| argument | value |", "|---|---|", *rows])
            self._writer.add_text(f"arguments/{group}", text, self._done.total())

    def stage(self, name: str) -> Progress:
        """Curves whose names begin with the name of the stage."""
        return _Curves(self._writer, name, self._done)

    def learned(self, **scalars: float) -> None:
        """Write the scalars at the total number of iterations."""
        for name, value in scalars.items():
            self._writer.add_scalar(f"learned/{name}", value, self._done.total())


class _Curves(Silent):
    """The progress of a stage.

    Args:
        writer: writer of events.
        stage: first part of the names of the curves.
        done: number of iterations of each stage; it is updated.
    """

    def __init__(self, writer: Any, stage: str, done: Counter[str]) -> None:
        self._writer = writer
        self._stage = stage
        self._done = done

    def advance(self, steps: int = 1, **figures: float) -> None:
        self.record(**figures)
        self._done[self._stage] += steps

    def record(self, **figures: float) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(f"{self._stage}/{name}", value, self._done[self._stage])


def _writable(folder: Any) -> Path:
    path = os.fspath(folder) if isinstance(folder, (str, os.PathLike)) else folder
    if not isinstance(path, str) or "\0" in path:
        raise ArgumentError(f"folder must be a path, but is {folder!r}")
    try:
        os.makedirs(path, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        why = f"TensorBoard needs a folder that can be written to, but: {error.strerror}"
        raise OSError(error.errno, why, path) from error
    return Path(path)
