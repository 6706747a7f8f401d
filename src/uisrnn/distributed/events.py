"""Events of a training on a cluster, sent from the process that trains to the process that called `train`."""

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

_SECONDS = 1.0  # between two messages


@dataclass(frozen=True)
class StepEvent:
    """Figures of an iteration.

    Attributes:
        stage: of the training.
        iteration: from 0.
        steps: number of iterations that the event completes; 0: the iteration goes on.
        figures: by name.
    """

    stage: str
    iteration: int
    steps: int
    figures: Mapping[str, float]


@dataclass(frozen=True)
class LogEvent:
    """A line of a model's log.

    Attributes:
        level: of the standard `logging` module.
        text: of the line.
    """

    level: int
    text: str


Event = StepEvent | LogEvent
"""An event of a training."""


class EventSender(SilentWatcher):
    """Sends the events of a training: a watcher in the process that trains.

    Args:
        send: takes the events of about a second.
    """

    def __init__(self, send: Callable[[list[Event]], object]) -> None:
        self._send = send
        self._waiting: list[Event] = []
        self._sent = time.monotonic()

    def listen(self, logger: logging.Logger) -> None:
        """Send also the later lines of a log, and show them in no other place."""
        logger.propagate = False
        logger.addHandler(_LogSender(self))

    def add(self, event: Event) -> None:
        """Take an event; send the waiting events if the last message is a second old."""
        self._waiting.append(event)
        if time.monotonic() >= self._sent + _SECONDS:
            self.close()

    def stage(self, name: str) -> Progress:
        return _StageSender(name, self)

    def close(self) -> None:
        """Send the waiting events."""
        waiting = self._waiting
        self._waiting = []
        self._sent = time.monotonic()
        if waiting:
            self._send(waiting)


class _StageSender(Silent):
    def __init__(self, name: str, sender: EventSender) -> None:
        self._name = name
        self._sender = sender
        self._iteration = 0

    def advance(self, steps: int = 1, **figures: float) -> None:
        self._sender.add(StepEvent(self._name, self._iteration, steps, figures))
        self._iteration += steps

    def record(self, **figures: float) -> None:
        self._sender.add(StepEvent(self._name, self._iteration, 0, figures))


class _LogSender(logging.Handler):
    def __init__(self, sender: EventSender) -> None:
        super().__init__()
        self._sender = sender

    def emit(self, record: logging.LogRecord) -> None:
        self._sender.add(LogEvent(record.levelno, record.getMessage()))


class EventReceiver:
    """Passes events on to a watcher, a progress bar and a log; a context manager.

    Each event is passed on once. A training that starts again from its last checkpoint repeats events.

    Args:
        watcher: see `Watcher`.
        args: of the training.
        logger: of the model.
    """

    def __init__(self, watcher: Watcher, args: TrainingArguments, logger: ModelLogger) -> None:
        self._watcher = watcher
        self._args = args
        self._logger = logger
        self._stages = ExitStack()
        self._progress: Progress = Silent()
        self._stage = ""
        self._over: set[str] = set()  # stages
        self._done: Counter[str] = Counter()  # iterations of each stage
        self._logged: set[str] = set()

    def __enter__(self) -> "EventReceiver":
        return self

    def __exit__(self, *_error: object) -> None:
        self._stages.close()

    def receive(self, events: Sequence[Event]) -> None:
        """Pass on the events that are new."""
        for event in events:
            if isinstance(event, LogEvent):
                self.log(event.level, event.text)
            elif event.stage not in self._over and event.iteration + max(event.steps, 1) > self._done[event.stage]:
                self._show(event)

    def log(self, level: int, text: str) -> None:
        """Log a line if it is new."""
        if text not in self._logged:
            self._logged.add(text)
            self._logger.log(level, "%s", text)

    def _show(self, event: StepEvent) -> None:
        progress = self._progress_of(event.stage)
        if not event.steps:
            progress.record(**event.figures)
            return
        steps = event.iteration + event.steps - self._done[event.stage]
        self._done[event.stage] += steps
        progress.advance(steps, **event.figures)

    def _progress_of(self, stage: str) -> Progress:
        if stage != self._stage:
            self._stages.close()
            self._over.add(self._stage)
            progress = progress_of(stage, self._args, self._logger.verbosity, self._watcher)
            self._stage = stage
            self._progress = self._stages.enter_context(progress)
        return self._progress


@contextmanager
def receiving(take: Callable[[], Sequence[Event]], receiver: EventReceiver) -> Iterator[None]:
    """Pass events on to a receiver every second, until the end of the context.

    If that fails, for example because a disk is full, the log says so, and the work in the context goes on.

    Args:
        take: returns the events since its last call.
        receiver: takes the events.
    """
    over = threading.Event()

    def receive_events() -> None:
        try:
            while not over.wait(_SECONDS):
                receiver.receive(take())
            receiver.receive(take())
        except Exception as error:
            receiver.log(logging.WARNING, f"the training is not followed any more: {error}")

    thread = threading.Thread(target=receive_events, name="uisrnn-events", daemon=True)
    with receiver:
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
