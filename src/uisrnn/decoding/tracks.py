"""Many streams on a search state: observations in, updates out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

import numpy as np
import torch
from torch import Tensor

from uisrnn.compiled import Flags, Integers
from uisrnn.decoding.decoder import Decoder
from uisrnn.decoding.expansion import ObservationError, Window
from uisrnn.decoding.final import settle
from uisrnn.decoding.frontier import UNLIMITED, Position
from uisrnn.decoding.updates import Track, Update, no_codes
from uisrnn.model.groups import PRESENT
from uisrnn.model.observation import S

_WINDOW_ROWS = 4096
_NO_LAG = 2**62


@dataclass(frozen=True)
class Pushed:
    """The next observations of a stream.

    Attributes:
        track: the stream.
        x: (n, D) the observations.
        joins: (n,) whether each observation is at the time of the observation before it.
    """

    track: Track
    x: Tensor
    joins: Flags

    def part(self, first: int, number: int) -> "Pushed":
        """The observations from `first` on, at most `number`."""
        return Pushed(self.track, self.x[first : first + number], self.joins[first : first + number])


@dataclass
class _Waiting:
    """Observations of a stream in a window, since the last cut.

    Attributes:
        track: the stream.
        start: the number of the first observation in the window.
        joins: (number,) whether each observation is at the time of the observation before it.
    """

    track: Track
    start: int
    joins: Flags

    @property
    def number(self) -> int:
        """Number of observations."""
        return len(self.joins)

    def drop_first(self, number: int) -> None:
        """Leave out the observations before the new last cut."""
        self.start += number
        self.joins = self.joins[number:]


class Tracks(Generic[S]):
    """Streams that are stepped together.

    Args:
        decoder: the search, and the names of clusters.
    """

    def __init__(self, decoder: Decoder[S]) -> None:
        self.decoder = decoder
        self.state = decoder.search.init()
        lag = decoder.args.commit_lag
        self._lag = _NO_LAG if lag is None else lag

    def open(self) -> Track:
        """A new stream."""
        unused = np.flatnonzero(self.state.beams.number == 0)
        slot = int(unused[0]) if len(unused) else len(self.state.beams.number)
        self.decoder.search.open(self.state, slot)
        model = self.decoder.search.joint.observation
        nothing = torch.zeros(0, model.observation_dim, dtype=model.dtype, device=model.device)
        return Track(slot, model.features(nothing), nothing)

    def close(self, track: Track) -> None:
        """Free the slot of a stream."""
        self.decoder.search.close(self.state, track.slot)

    def last_group(self, track: Track) -> int:
        """Number of observations of a stream that are at the time of its last observation."""
        starts = np.flatnonzero(~track.joins)
        if len(starts):
            return len(track.joins) - int(starts[-1])
        _labelings, clusters = self.state.beams.of_slot(track.slot)
        return int(np.count_nonzero(clusters["mark"][0] & PRESENT)) + len(track.joins)

    def take(self, pushed: Sequence[Pushed]) -> dict[int, str]:
        """Take the next observations of several streams.

        Args:
            pushed: observations of distinct streams.

        Returns:
            By slot, the problem of the first observation that cannot be taken; later observations are left out too.
        """
        errors: dict[int, ObservationError] = {}
        room = max(_WINDOW_ROWS // len(pushed), 1)
        for first in range(0, max(len(push.x) for push in pushed), room):
            parts = [push.part(first, room) for push in pushed if push.track.slot not in errors]
            if parts := [part for part in parts if len(part.x)]:
                self._take_window(parts, errors)
        failed = [push.track for push in pushed if push.track.slot in errors]
        return {track.slot: f"observation {track.observations} {errors[track.slot].problem}" for track in failed}

    def update(self, track: Track) -> Update:
        """The changes of a stream since the last update."""
        beam, codes = track.preview
        tail = self.decoder.search.labels(self.state, track.slot, beam)
        return track.report(np.concatenate([tail, codes]), self.decoder.names)

    def finish(self, track: Track) -> Update:
        """End a stream: all its labels become final."""
        if len(track.pending):
            window = self.state.window(track.pending)
            errors = self._step([_Waiting(track, 0, track.joins)], len(track.pending), window)
            assert not errors, "a preview has looked at these observations"
        tail = self.decoder.search.labels(self.state, track.slot)
        track.unreported.append(tail)
        track.final += len(tail)
        self.close(track)
        return track.report(no_codes(), self.decoder.names)

    @torch.no_grad()
    def _take_window(self, pushed: list[Pushed], errors: dict[int, ObservationError]) -> None:
        """Take observations that are encoded together."""
        look_ahead = self.decoder.search.look_ahead
        window, waiting = self._window(pushed)
        before = [push.track.observations for push in pushed]
        full = waiting
        while full := [part for part in full if part.number >= look_ahead and part.track.slot not in errors]:
            if look_ahead > 1 and self._lag < _NO_LAG:
                full = self._settled_before(full, window, errors)
            errors.update(self._step(full, look_ahead, window))
            self._settle([part.track for part in full], 0)
        for part in waiting:
            if part.track.slot in errors:
                part.joins = part.joins[: errors[part.track.slot].position]
            self._wait(part, window, errors)
        self._remember(pushed, before)

    def _window(self, pushed: list[Pushed]) -> tuple[Window, list[_Waiting]]:
        """The pending and the pushed observations of each stream, encoded together."""
        model = self.decoder.search.joint.observation
        features: list[Tensor] = []
        waiting: list[_Waiting] = []
        start = 0
        for push in pushed:
            track = push.track
            features += [track.pending, model.features(torch.cat([track.recent, push.x]), len(track.recent))]
            waiting.append(_Waiting(track, start, np.concatenate([track.joins, push.joins])))
            start += waiting[-1].number
        return self.state.window(torch.cat(features)), waiting

    def _remember(self, pushed: list[Pushed], before: list[int]) -> None:
        """Keep the observations that are context of the next observation."""
        context = self.decoder.search.joint.observation.context
        if context:
            for push, earlier in zip(pushed, before, strict=True):
                taken = push.x[: push.track.observations - earlier]
                push.track.recent = torch.cat([push.track.recent, taken])[-context:]

    def _settled_before(
        self, full: list[_Waiting], window: Window, errors: dict[int, ObservationError]
    ) -> list[_Waiting]:
        """Streams whose next `look_ahead` observations can be taken.

        Labels become final that had to be final when the last but one of these observations came.
        """
        look_ahead = self.decoder.search.look_ahead
        valid = []
        for part in full:
            try:
                self.decoder.search.peek(self.state, part.track.slot, window, _positions([part], look_ahead))
                valid.append(part)
            except ObservationError as error:
                errors[part.track.slot] = error
        self._settle([part.track for part in valid], look_ahead - 1)
        return valid

    def _step(self, full: list[_Waiting], number: int, window: Window) -> dict[int, ObservationError]:
        """Take the next `number` observations of each stream; returns the errors of the streams that fail."""
        errors: dict[int, ObservationError] = {}
        while full:
            slots = np.array([part.track.slot for part in full])
            try:
                self.decoder.search.step(self.state, slots, window, _positions(full, number))
                break
            except ObservationError as error:
                errors[error.slot] = error
                full = [part for part in full if part.track.slot != error.slot]
        for part in full:
            part.drop_first(number)
            part.track.taken += number
        return errors

    def _wait(self, part: _Waiting, window: Window, errors: dict[int, ObservationError]) -> None:
        """Keep the observations since the last cut, and preview their labels."""
        track = part.track
        track.preview = self._preview(part, window, errors)
        views = self.decoder.search.joint.observation.views
        rows = window.x[part.start * views : (part.start + part.number) * views]
        track.pending = rows.view(part.number, views, rows.shape[1]).clone()
        track.joins = part.joins
        beams = self.state.beams.number[track.slot]
        if part.number:
            self._settle([track], part.number)
        if self.state.beams.number[track.slot] != beams:  # perhaps the beam that the preview continues was dropped
            track.preview = self._preview(part, window, errors)
            track.pending = track.pending[: part.number]
            track.joins = part.joins

    def _preview(self, part: _Waiting, window: Window, errors: dict[int, ObservationError]) -> tuple[int, Integers]:
        """The best beam after the waiting observations; from an observation that cannot be taken, they are dropped."""
        while part.number:
            try:
                return self.decoder.search.peek(self.state, part.track.slot, window, _positions([part], part.number))
            except ObservationError as error:
                errors[part.track.slot] = error
                part.joins = part.joins[: error.position]
        return 0, no_codes()

    def _settle(self, tracks: list[Track], pending: int) -> None:
        """Make labels final, given the number of observations since the last cut."""
        if not tracks:
            return
        slots, tails = np.array([[track.slot, track.taken - track.final] for track in tracks]).T
        keep = np.full(len(tracks), self._lag - pending)
        final, numbers = settle(self.state.beams, slots, tails, keep, self.state.tree, self.state.pool.index)
        if len(final):
            for track, codes in zip(tracks, np.split(final, np.cumsum(numbers)[:-1]), strict=True):
                track.unreported.append(codes)
                track.final += len(codes)


def _positions(waiting: list[_Waiting], number: int) -> list[Position]:
    """The next `number` observations of each stream."""
    starts = np.array([part.start for part in waiting])
    restarts = np.zeros(len(starts), dtype=np.bool_)
    remaining = np.full(len(starts), UNLIMITED, dtype=np.int32)
    joins = np.stack([part.joins[:number] for part in waiting], axis=1)
    return [Position(starts + time, restarts, joins[time], remaining) for time in range(number)]
