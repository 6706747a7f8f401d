"""Whole sequences decoded side by side: each keeps a slot until it ends, then the next sequence takes the slot."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Generic

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uisrnn.compiled import Flags
from uisrnn.decoding.expansion import ObservationError, Window
from uisrnn.decoding.frontier import UNLIMITED, Positions
from uisrnn.decoding.hypotheses import Hypothesis, hypotheses
from uisrnn.decoding.search import BeamSearch
from uisrnn.errors import InputError
from uisrnn.model.observation import S
from uisrnn.progress import Progress
from uisrnn.sequences.coded import CodedSequence

_WINDOW_ROWS = 8192
_MOST_BLOCKS = 256
_OBSERVATIONS_OF_A_CALL = 256

Times = NDArray[np.int64]
Queue = deque[tuple[int, CodedSequence]]


@dataclass
class _Lane:
    """A sequence in a slot.

    Attributes:
        number: the number of the sequence among all sequences.
        sequence: the sequence.
        copies: how many times it is decoded in a row.
        joins: (T,) whether each observation is at the time of the observation before it.
        time: number of observations taken, over all copies.
        start: the first time that the window holds.
        end: the time after the last time that the window holds.
    """

    number: int
    sequence: CodedSequence
    copies: int
    joins: Flags
    time: int = 0
    start: int = 0
    end: int = 0

    @property
    def length(self) -> int:
        """T."""
        return len(self.sequence.observations)

    @property
    def steps(self) -> int:
        """Number of observations of all copies."""
        return self.copies * self.length

    def blocks(self, look_ahead: int) -> int:
        """Number of steps with `look_ahead` observations before the window or the sequence ends."""
        return (min(self.end, self.steps) - self.time) // look_ahead


class Lockstep(Generic[S]):
    """Decodes sequences from a queue that it may share with other threads.

    The next observations of all sequences are encoded together, in a window. A sequence that fits into its part of
    the window is encoded once for all copies. Of a longer sequence, the window holds a part at a time, so memory does
    not grow with the length.

    Args:
        search: the beam search.
        copies: how many times each sequence is decoded in a row.
        slots: number of sequences side by side.
        longest: length of the longest sequence.
        progress: advances after each step.
    """

    def __init__(self, search: BeamSearch[S], copies: int, slots: int, longest: int, progress: Progress) -> None:
        self._search = search
        self._copies = copies
        self._slots = slots
        self._progress = progress
        self._state = search.init(slots)
        self._lanes: dict[int, _Lane] = {}
        whole_blocks = max(_WINDOW_ROWS // slots // search.look_ahead, 1) * search.look_ahead
        self._room = min(whole_blocks, longest)
        self._window: Window | None = None

    def run(self, queue: Queue, stop: Event) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Decode sequences from the queue until `stop` is set; number and result of each sequence as it ends."""
        while not stop.is_set():
            self._refill(queue)
            if not self._lanes:
                return
            self._stride()
            for slot, lane in [pair for pair in self._lanes.items() if pair[1].time == pair[1].steps]:
                yield lane.number, hypotheses(self._state, slot, lane.length)
                self._search.close(self._state, slot)
                del self._lanes[slot]

    def _refill(self, queue: Queue) -> None:
        for slot in range(self._slots):
            if slot not in self._lanes:
                try:
                    number, sequence = queue.popleft()
                except IndexError:  # another thread may have taken the last sequence
                    break
                self._lanes[slot] = _Lane(number, sequence, self._copies, sequence.joining)
                self._search.open(self._state, slot)
        for slot, lane in self._lanes.items():
            if lane.blocks(self._search.look_ahead) == 0 and lane.end < lane.steps:
                self._load(slot, lane)

    def _load(self, slot: int, lane: _Lane) -> None:
        """Put the next observations of a sequence into its part of the window."""
        fits = lane.length <= self._room
        lane.start = 0 if fits else lane.time
        lane.end = lane.steps if fits else min(lane.time + self._room, lane.steps)
        times = np.arange(lane.start, lane.length if fits else lane.end) % lane.length
        copies = np.split(times, np.flatnonzero(times[1:] == 0) + 1)
        loaded = self._state.window(torch.cat([self._features(lane.sequence, part) for part in copies]))
        views = self._search.joint.observation.views
        if self._window is None:
            rows = self._slots * self._room * views
            tensors = (loaded.x, loaded.encoded)
            self._window = Window(*(tensor.new_zeros(rows, *tensor.shape[1:]) for tensor in tensors))
        first = slot * self._room * views
        self._window.x[first : first + len(loaded.x)] = loaded.x
        self._window.encoded[first : first + len(loaded.x)] = loaded.encoded

    @torch.no_grad()
    def _features(self, sequence: CodedSequence, times: Times) -> Tensor:
        """Features of consecutive observations of a copy; the copy before it is no context."""
        model = self._search.joint.observation
        first = max(times[0] - model.context, 0)
        x = torch.tensor(sequence.observations[first : times[-1] + 1], dtype=model.dtype, device=model.device)
        return model.features(x, int(times[0] - first))

    def _stride(self) -> None:
        """Steps until a sequence, or its part of the window, ends."""
        look_ahead = self._search.look_ahead
        ends: dict[int, list[int]] = {}  # sequences that have fewer than look_ahead observations left
        whole: list[int] = []
        for slot, lane in self._lanes.items():
            left = lane.steps - lane.time
            (whole if left >= look_ahead else ends.setdefault(left, [])).append(slot)
        for left, slots in ends.items():
            self._steps(slots, left, 1)
        if whole:
            blocks = min(self._lanes[slot].blocks(look_ahead) for slot in whole)
            self._steps(whole, look_ahead, min(blocks, _MOST_BLOCKS))

    def _steps(self, slots: list[int], block: int, blocks: int) -> None:
        assert self._window is not None
        lanes = [self._lanes[slot] for slot in slots]
        numbers = np.array(slots)
        positions = self._positions(numbers, lanes, block * blocks)
        call = block * max(_OBSERVATIONS_OF_A_CALL // (block * len(slots)), 1)
        for first in range(0, block * blocks, call):
            part = positions.part(first, first + call)
            try:
                self._search.steps(self._state, numbers, self._window, part)
            except ObservationError as error:
                lane = self._lanes[error.slot]
                time = (lane.time + first + error.position) % lane.length
                raise InputError(f"{lane.sequence.name}: observation {time} {error.problem}") from error
            self._progress.advance(part.which.size)
        for lane in lanes:
            lane.time += block * blocks

    def _positions(self, slots: Times, lanes: Sequence[_Lane], steps: int) -> Positions:
        """The next observations of these slots."""
        parts = [(lane.time, lane.start, lane.length, lane.steps) for lane in lanes]
        now, start, length, end = np.array(parts).T
        times = now + np.arange(steps)[:, None]
        in_window = np.where(length <= self._room, times % length, times - start)
        which = slots * self._room + in_window
        joins = np.stack([lane.joins[column] for lane, column in zip(lanes, (times % length).T, strict=True)], axis=1)
        remaining = np.where(times >= end - length, end - 1 - times, UNLIMITED)  # only the last copy is limited
        return Positions(which, times % length == 0, joins, remaining.astype(np.int32))
