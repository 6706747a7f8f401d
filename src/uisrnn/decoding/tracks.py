"""Many streams on one search state: observations in, what changed about their labels out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic

import numpy as np
import torch
from torch import Tensor

from uisrnn.compiled import Flags, Integers
from uisrnn.decoding.block import BlockError, Window
from uisrnn.decoding.decoder import Decoder
from uisrnn.decoding.final import settle
from uisrnn.decoding.frontier import UNLIMITED, Position
from uisrnn.model.groups import PRESENT, no_joins
from uisrnn.model.observation import S
from uisrnn.sequences.labels import Label

_WINDOW_ROWS = 4096
_NO_LAG = 2**62


@dataclass(frozen=True)
class Update:
    """What a push told about a stream. Observations are numbered from 0, the first of the stream.

    Attributes:
        labels: the current best labels of the observations that were pushed.
        final: labels by observation that became final, oldest first; they never change again.
        changed: labels by observation that an earlier update told otherwise; some of them may be final now.
    """

    labels: list[Label]
    final: dict[int, Label]
    changed: dict[int, Label]

    @property
    def label(self) -> Label | None:
        """The current best label of the newest observation; None where none was pushed."""
        return self.labels[-1] if self.labels else None


def _no_codes() -> Integers:
    return np.zeros(0, dtype=np.int32)


@dataclass
class Track:
    """Where a stream is.

    Attributes:
        slot: its slot in the search state.
        pending: (n, V, F) features of the observations since the last cut.
        joins: (n,) whether each of these is at the time of the observation before it.
        recent: (n, D) the last observations, as many as the features of the next one depend on, as far as there are.
        taken: observations up to the last cut.
        final: how many labels are final.
        fresh: codes of the last of them, those that no update has told yet, in parts.
        told: codes that updates told for the observations after those that are final and told.
        preview: the beam that the best one continues after the pending observations, and their codes.
    """

    slot: int
    pending: Tensor
    recent: Tensor
    joins: Flags = field(default_factory=lambda: no_joins(0))
    taken: int = 0
    final: int = 0
    fresh: list[Integers] = field(default_factory=list)
    told: Integers = field(default_factory=_no_codes)
    preview: tuple[int, Integers] = field(default_factory=lambda: (0, _no_codes()))

    @property
    def fresh_codes(self) -> Integers:
        """`fresh` in one part."""
        return np.concatenate([_no_codes(), *self.fresh])

    @property
    def observations(self) -> int:
        """How many observations it has."""
        return self.taken + len(self.pending)


@dataclass(frozen=True)
class Pushed:
    """The next observations of a stream.

    Attributes:
        track: the stream.
        x: (n, D) the observations.
        joins: (n,) whether each of them is at the time of the observation before it.
    """

    track: Track
    x: Tensor
    joins: Flags

    def part(self, first: int, number: int) -> "Pushed":
        """At most `number` of these observations, from `first` on."""
        return Pushed(self.track, self.x[first : first + number], self.joins[first : first + number])


@dataclass
class _Waiting:
    """Observations of a stream in a window that no cut has taken yet.

    Attributes:
        track: the stream.
        start: where they begin in the window.
        joins: (number,) whether each of them is at the time of the observation before it.
    """

    track: Track
    start: int
    joins: Flags

    @property
    def number(self) -> int:
        """How many they are."""
        return len(self.joins)

    def drop_first(self, number: int) -> None:
        """Leave out observations that a cut has taken."""
        self.start += number
        self.joins = self.joins[number:]


class Tracks(Generic[S]):
    """Streams that are stepped together.

    Args:
        decoder: the search and its names.
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
        """Forget a stream."""
        self.decoder.search.close(self.state, track.slot)

    def last_group(self, track: Track) -> int:
        """How many of the observations that a stream has are at the time of its last observation."""
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
            By slot, what is wrong with the first observation that cannot be taken; it and those after it are left out.
        """
        errors: dict[int, BlockError] = {}
        room = max(_WINDOW_ROWS // len(pushed), 1)
        for first in range(0, max(len(one.x) for one in pushed), room):
            parts = [one.part(first, room) for one in pushed if one.track.slot not in errors]
            if parts := [one for one in parts if len(one.x)]:
                self._take_window(parts, errors)
        wrong = [one.track for one in pushed if one.track.slot in errors]
        return {track.slot: f"observation {track.observations} {errors[track.slot].why}" for track in wrong}

    def update(self, track: Track) -> Update:
        """What changed about a stream since the last update."""
        beam, codes = track.preview
        tail = self.decoder.search.labels(self.state, track.slot, beam)
        return self._told(track, np.concatenate([tail, codes]))

    def finish(self, track: Track) -> Update:
        """End a stream: all its labels become final."""
        if len(track.pending):
            window = self.state.window(track.pending)
            errors = self._step([_Waiting(track, 0, track.joins)], len(track.pending), window)
            assert not errors, "what waits was looked at when it came"
        tail = self.decoder.search.labels(self.state, track.slot)
        track.fresh.append(tail)
        track.final += len(tail)
        self.close(track)
        return self._told(track, _no_codes())

    def _told(self, track: Track, provisional: Integers) -> Update:
        """Compare the labels as they are with those that were told, and remember them as told."""
        name, known, fresh = self.decoder.names.name, len(track.told), track.fresh_codes
        first, current = track.final - len(fresh), np.concatenate([fresh, provisional])
        changed = np.flatnonzero(track.told != current[:known]).tolist()
        update = Update(
            labels=[name(code) for code in current[known:].tolist()],
            final={first + at: name(code) for at, code in enumerate(fresh.tolist())},
            changed={first + at: name(int(current[at])) for at in changed},
        )
        track.told, track.fresh = provisional, []
        return update

    @torch.no_grad()
    def _take_window(self, pushed: list[Pushed], errors: dict[int, BlockError]) -> None:
        """Take so many observations that they are encoded together."""
        look_ahead = self.decoder.search.look_ahead
        model = self.decoder.search.joint.observation
        features = [
            part
            for one in pushed
            for part in (
                one.track.pending,
                model.features(torch.cat([one.track.recent, one.x]), len(one.track.recent)),
            )
        ]
        window = self.state.window(torch.cat(features))
        before = [one.track.observations for one in pushed]
        waiting, start = [], 0
        for one in pushed:
            waiting.append(_Waiting(one.track, start, np.concatenate([one.track.joins, one.joins])))
            start += waiting[-1].number
        full = waiting
        while full := [part for part in full if part.number >= look_ahead and part.track.slot not in errors]:
            if look_ahead > 1 and self._lag < _NO_LAG:
                full = self._settled_before(full, window, errors)
            errors.update(self._step(full, look_ahead, window))
            self._settle([part.track for part in full], 0)
        for part in waiting:
            if part.track.slot in errors:
                part.joins = part.joins[: errors[part.track.slot].at]
            self._wait(part, window, errors)
        if model.context:
            for one, earlier in zip(pushed, before, strict=True):
                track, taken = one.track, one.x[: one.track.observations - earlier]
                track.recent = torch.cat([track.recent, taken])[-model.context :]

    def _settled_before(self, full: list[_Waiting], window: Window, errors: dict[int, BlockError]) -> list[_Waiting]:
        """Make final what had to be so when the last observation but one of a block came, if all of it can be taken."""
        look_ahead, fine = self.decoder.search.look_ahead, []
        for one in full:
            try:
                self.decoder.search.peek(self.state, one.track.slot, window, _positions([one], look_ahead))
                fine.append(one)
            except BlockError as error:
                errors[one.track.slot] = error
        self._settle([one.track for one in fine], look_ahead - 1)
        return fine

    def _step(self, full: list[_Waiting], block: int, window: Window) -> dict[int, BlockError]:
        """Take a block of each stream, but of those where that fails."""
        errors: dict[int, BlockError] = {}
        while full:
            slots = np.array([one.track.slot for one in full])
            try:
                self.decoder.search.step(self.state, slots, window, _positions(full, block))
                break
            except BlockError as error:
                errors[error.slot] = error
                full = [one for one in full if one.track.slot != error.slot]
        for one in full:
            one.drop_first(block)
            one.track.taken += block
        return errors

    def _wait(self, one: _Waiting, window: Window, errors: dict[int, BlockError]) -> None:
        """Keep the observations that are less than a block, and look what they will come to."""
        track = one.track
        track.preview = self._preview(one, window, errors)
        views = self.decoder.search.joint.observation.views
        rows = window.x[one.start * views : (one.start + one.number) * views]
        track.pending, track.joins = rows.view(one.number, views, rows.shape[1]).clone(), one.joins
        beams = self.state.beams.number[track.slot]
        if one.number:
            self._settle([track], one.number)
        if self.state.beams.number[track.slot] != beams:  # perhaps the one that the preview continues was dropped
            track.preview = self._preview(one, window, errors)
            track.pending, track.joins = track.pending[: one.number], one.joins

    def _preview(self, one: _Waiting, window: Window, errors: dict[int, BlockError]) -> tuple[int, Integers]:
        """The best beam after the observations that wait; those from one on that cannot be taken are dropped."""
        while one.number:
            try:
                return self.decoder.search.peek(self.state, one.track.slot, window, _positions([one], one.number))
            except BlockError as error:
                errors[one.track.slot], one.joins = error, one.joins[: error.at]
        return 0, _no_codes()

    def _settle(self, tracks: list[Track], pending: int) -> None:
        """Make labels final, as they must be when so many observations came after the last cut."""
        if not tracks:
            return
        slots, tails = np.array([[track.slot, track.taken - track.final] for track in tracks]).T
        keep = np.full(len(tracks), self._lag - pending)
        final, numbers = settle(self.state.beams, slots, tails, keep, self.state.tree, self.state.pool.index)
        if len(final):
            for track, codes in zip(tracks, np.split(final, np.cumsum(numbers)[:-1]), strict=True):
                track.fresh.append(codes)
                track.final += len(codes)


def _positions(waiting: list[_Waiting], block: int) -> list[Position]:
    starts = np.array([one.start for one in waiting])
    restarts, remaining = np.zeros(len(starts), dtype=np.bool_), np.full(len(starts), UNLIMITED, dtype=np.int32)
    joins = np.stack([one.joins[:block] for one in waiting], axis=1)
    return [Position(starts + at, restarts, joins[at], remaining) for at in range(block)]
