"""What a training on a cluster tells, brought to the process that asked for it."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from uisrnn.arguments import TrainingArguments
from uisrnn.log import ModelLogger
from uisrnn.progress import Progress, Silent
from uisrnn.training.watcher import SilentWatcher, Watcher, progress_of

_SECONDS = 1.0  # from one message to the next


@dataclass(frozen=True)
class Made:
    """Figures of an iteration.

    Attributes:
        stage: of the training.
        iteration: from 0.
        steps: how many iterations are done with it; 0: none yet.
        figures: by name.
    """

    stage: str
    iteration: int
    steps: int
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Said:
    """A line of a model's log.

    Attributes:
        level: of the standard `logging` module.
        text: of the line.
    """

    level: int
    text: str


News = Made | Said
"""What a training tells."""


class Relay(SilentWatcher):
    """A watcher and listener to the log, in the process that trains, that sends all of it away.

    Args:
        send: gets what was told in the last second.
    """

    def __init__(self, send: Callable[[list[News]], object]) -> None:
        self._send, self._waiting, self._sent = send, list[News](), time.monotonic()

    def listen(self, logger: logging.Logger) -> None:
        """Send also what is logged from now on, and have it shown nowhere else."""
        logger.propagate = False
        logger.addHandler(_Listener(self))

    def tell(self, news: News) -> None:
        """Send it, with others, when it is time to."""
        self._waiting.append(news)
        if time.monotonic() >= self._sent + _SECONDS:
            self.close()

    def stage(self, name: str) -> Progress:
        """See `Watcher.stage`."""
        return _Stage(name, self)

    def close(self) -> None:
        """Send what is left."""
        waiting, self._waiting, self._sent = self._waiting, [], time.monotonic()
        if waiting:
            self._send(waiting)


class _Stage(Silent):
    def __init__(self, name: str, relay: Relay) -> None:
        self._name, self._relay, self._iteration = name, relay, 0

    def advance(self, steps: int = 1, **figures: float) -> None:
        self._relay.tell(Made(self._name, self._iteration, steps, figures))
        self._iteration += steps

    def record(self, **figures: float) -> None:
        self._relay.tell(Made(self._name, self._iteration, 0, figures))


class _Listener(logging.Handler):
    def __init__(self, relay: Relay) -> None:
        super().__init__()
        self._relay = relay

    def emit(self, record: logging.LogRecord) -> None:
        self._relay.tell(Said(record.levelno, record.getMessage()))


class Audience:
    """Whom news are told to: a watcher, a bar and a log; a context manager.

    Each is told once: a training that was started again, from its last checkpoint, repeats itself.

    Args:
        watcher: see `Watcher`.
        args: of the training.
        logger: of the model.
    """

    def __init__(self, watcher: Watcher, args: TrainingArguments, logger: ModelLogger) -> None:
        self._watcher, self._args, self._logger = watcher, args, logger
        self._stages = ExitStack()
        self._progress: Progress = Silent()
        self._stage = ""
        self._over = set[str]()  # stages
        self._done = Counter[str]()  # iterations of each stage
        self._said = set[str]()

    def __enter__(self) -> "Audience":
        return self

    def __exit__(self, *_error: object) -> None:
        self._stages.close()

    def hear(self, news: Sequence[News]) -> None:
        """Tell it."""
        for one in news:
            if isinstance(one, Said):
                self.say(one.level, one.text)
            elif one.stage not in self._over and one.iteration + max(one.steps, 1) > self._done[one.stage]:
                self._tell(one)

    def say(self, level: int, text: str) -> None:
        """Log a line, if it is new."""
        if text not in self._said:
            self._said.add(text)
            self._logger.log(level, "%s", text)

    def _tell(self, one: Made) -> None:
        progress = self._progress_of(one.stage)
        if not one.steps:
            progress.record(**one.figures)
            return
        steps = one.iteration + one.steps - self._done[one.stage]
        self._done[one.stage] += steps
        progress.advance(steps, **one.figures)

    def _progress_of(self, stage: str) -> Progress:
        if stage != self._stage:
            self._stages.close()
            self._over.add(self._stage)
            made = progress_of(stage, self._args, self._logger.verbosity, self._watcher)
            self._stage, self._progress = stage, self._stages.enter_context(made)
        return self._progress


@contextmanager
def followed(take: Callable[[], Sequence[News]], audience: Audience) -> Iterator[None]:
    """Tell an audience what comes, every second, while work is done in this context.

    Where that fails, because a disk is full for example, the log says so, and the work goes on.

    Args:
        take: gives what has come since the last call.
        audience: see `Audience`.
    """
    over = threading.Event()

    def follow() -> None:
        try:
            while not over.wait(_SECONDS):
                audience.hear(take())
            audience.hear(take())
        except Exception as error:
            audience.say(logging.WARNING, f"the training is not followed any more: {error}")

    thread = threading.Thread(target=follow, name="uisrnn-followed", daemon=True)
    with audience:
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
