"""The way from a source to sequences, for `load_sequences`, `Dataset` and the commands."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from uisrnn.errors import ArgumentError, InputError
from uisrnn.formats.reading import Reading, Recordings
from uisrnn.formats.sequence_sources import SequenceSource
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.turns.turn_labels import require_choices


@dataclass(frozen=True)
class SequenceReader:
    """Reads sequences from a source, one at a time, and labels them by an RTTM file if there is one.

    Attributes:
        source: files, or an iterable.
        rttm: path of an RTTM file; None: sequences keep their labels.
        silence: see `label_by_turns`.
        overlap: see `label_by_turns`.

    Raises:
        ArgumentError: `rttm` is not a path, or `silence` or `overlap` has an unknown value.
    """

    source: SequenceSource
    rttm: str | os.PathLike[str] | None = None
    silence: str = "drop"
    overlap: str = "drop"

    def __post_init__(self) -> None:
        if self.rttm is not None and not isinstance(self.rttm, (str, os.PathLike)):
            raise ArgumentError(f"rttm must be the path of a file, but is {self.rttm!r:.80}")
        require_choices(self.silence, self.overlap)

    def read(self, reading: Reading) -> Iterator[tuple[object, LabeledSequence]]:
        """One pass over the sequences, each with its place for error messages.

        Raises:
            InputError: the input is wrong, or there is no sequence; the message names the place.
            InputTypeError: an object is not a `LabeledSequence`.
            OSError: a file is missing or cannot be read.
        """
        recordings = None if self.rttm is None else Recordings(self.rttm, self.silence, self.overlap)
        return self._at_least_one(self.source.read(recordings, reading), reading)

    def part(self, rank: int, size: int) -> "SequenceReader":
        """A reader of part `rank` of `size` parts."""
        return replace(self, source=self.source.part(rank, size))

    def located(self) -> "SequenceReader":
        """The same reader with absolute paths, for processes that work in another folder."""
        rttm = None if self.rttm is None else os.path.abspath(self.rttm)
        return replace(self, source=self.source.located(), rttm=rttm)

    def nothing(self, reading: Reading) -> InputError:
        """The error of a pass without a sequence."""
        skipped = reading.skipped
        why = f"; {len(skipped)} skipped, the first because: {skipped[0].why}" if skipped else ""
        return InputError(f"{self.source}: at least one sequence is needed, but there is none{why}")

    def _at_least_one(
        self, sequences: Iterator[tuple[object, LabeledSequence]], reading: Reading
    ) -> Iterator[tuple[object, LabeledSequence]]:
        is_empty = True
        for place, sequence in sequences:
            is_empty = False
            yield place, sequence
        if is_empty:
            raise self.nothing(reading)
