"""Read observations as JSON lines from standard input and print labels as JSON lines."""

import sys
from collections.abc import Iterable, Mapping

from uisrnn.arguments import InferenceArguments
from uisrnn.cli.results import show_label
from uisrnn.decoding.stream import Stream
from uisrnn.decoding.updates import Update
from uisrnn.errors import InputError
from uisrnn.formats.jsonl import parse_line
from uisrnn.sequences.labels import Label
from uisrnn.sequences.observations import Observations
from uisrnn.uisrnn import UISRNN


class _Follower:
    """A sequence of the pipe: its stream, and the times of observations whose labels are not final yet."""

    def __init__(self, name: str | None, stream: Stream) -> None:
        self._name = name
        self._stream = stream
        self._times: dict[int, float | None] = {}
        self._count = 0
        self._last_time: float | None = None

    def push(self, observation: Observations, time: float | None) -> None:
        """Label an observation and print new, revised and final labels; consecutive equal times are the same time."""
        joins = time is not None and time == self._last_time
        self._last_time = time
        self._times[self._count] = time
        self._count += 1
        update = self._stream.push(observation, joins)
        if self._count - 1 not in update.final:
            self._tell(self._count - 1, update.labels[-1], final=False)
        self._tell_changes(update)

    def flush(self) -> None:
        """Print the labels that were not final yet as final."""
        self._tell_changes(self._stream.flush())

    def _tell_changes(self, update: Update) -> None:
        changed: Mapping[int, Label] = update.changed
        for position, label in changed.items():
            if position not in update.final:
                self._tell(position, label, final=False)
        for position, label in update.final.items():
            self._tell(position, label, final=True)
            del self._times[position]

    def _tell(self, position: int, label: Label, final: bool) -> None:
        time = self._times[position]
        show_label(self._name, position, time, label, final)


def follow(model: UISRNN, args: InferenceArguments) -> None:
    """Label observations from standard input until it ends.

    Raises:
        InputError: a line is not an observation; the message has the number of the line. Labels of earlier lines are
            printed as final before.
    """
    followers: dict[str | None, _Follower] = {}
    try:
        for number, line in enumerate(lines_of_stdin(), 1):
            if not line.strip():
                continue
            where = f"standard input, line {number}"
            parsed = parse_line(_decoded(line, where), where)
            dim = parsed.observation.shape[1]
            if dim != model.observation_dim:
                raise InputError(
                    f"{where}: needs {model.observation_dim} numbers, but has {parsed.observation.shape[1]}"
                )
            if parsed.sequence not in followers:
                followers[parsed.sequence] = _Follower(parsed.sequence, model.stream(args))
            followers[parsed.sequence].push(parsed.observation, parsed.time)
    finally:
        for follower in followers.values():
            follower.flush()


def lines_of_stdin() -> Iterable[bytes]:
    """Lines of standard input as bytes, as they arrive."""
    return sys.stdin.buffer


def _decoded(line: bytes, where: str) -> str:
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: must be UTF-8, but byte {error.start} is not") from error
