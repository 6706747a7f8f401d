"""The plan of a prediction: batches of whole sequences, as rows of shards."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby

from uisrnn.errors import ClusterError, InputError

_NAMED = 5  # in a message, at most


@dataclass(frozen=True)
class RowRange:
    """Consecutive rows of a shard.

    Attributes:
        shard: the path of the shard.
        start: the number of the first row.
        stop: the number of the last row, plus 1.
    """

    shard: str
    start: int
    stop: int


@dataclass(frozen=True)
class SequenceLocation:
    """The location of a sequence: its rows in shards.

    Attributes:
        name: of the sequence.
        ranges: its rows in consecutive shards.
    """

    name: str
    ranges: tuple[RowRange, ...]

    def __len__(self) -> int:
        """T, the number of observations."""
        return sum(rows.stop - rows.start for rows in self.ranges)


@dataclass(frozen=True)
class SequenceBatch:
    """Whole sequences that a worker decodes together.

    Attributes:
        number: of the batch, in the order of the dataset.
        sequences: their locations.
    """

    number: int
    sequences: tuple[SequenceLocation, ...]

    @property
    def shard(self) -> str:
        """The shard of the first row."""
        return self.sequences[0].ranges[0].shard

    def ranges(self) -> list[RowRange]:
        """The rows of all sequences, in a single range for each shard."""
        ranges = (rows for sequence in self.sequences for rows in sequence.ranges)
        return [_joined(list(group)) for _shard, group in groupby(ranges, key=lambda rows: rows.shard)]

    def to_json(self) -> str:
        """The batch as text, to send it to a worker."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "SequenceBatch":
        """The batch in a text of `to_json`.

        >>> batch = SequenceBatch(0, (SequenceLocation("call", (RowRange("a.parquet", 0, 7),)),))
        >>> SequenceBatch.from_json(batch.to_json()) == batch
        True
        """
        content = json.loads(text)
        sequences = [
            SequenceLocation(sequence["name"], tuple(RowRange(**rows) for rows in sequence["ranges"]))
            for sequence in content["sequences"]
        ]
        return SequenceBatch(content["number"], tuple(sequences))


def locations_of(
    shards: Iterable[tuple[str, Sequence[tuple[str, int]] | None]],
) -> tuple[list[SequenceLocation], list[str]]:
    """The locations of the sequences in the shards of a dataset.

    Args:
        shards: their paths in order, and for each shard the runs of rows with the same sequence name: pairs of the name
            and the number of rows. None instead of the runs: the shard cannot be read.

    Returns:
        The location of each sequence; and the names of sequences that are left out, because a shard in their middle
        cannot be read.

    Raises:
        InputError: the rows of a sequence do not follow each other.

    >>> locations_of([("a", [("ann", 3), ("bob", 2)]), ("b", [("bob", 4)])])[0][1].ranges
    (RowRange(shard='a', start=3, stop=5), RowRange(shard='b', start=0, stop=4))
    """
    ranges: dict[str, list[RowRange]] = {}
    torn: list[str] = []
    last = None
    after_gap = False
    for shard, runs in shards:
        if runs is None:
            after_gap = True
            continue
        row = 0
        for name, length in runs:
            if name in ranges and name != last:
                raise InputError(
                    f"{shard}, row {row} (the first is 0): the rows of {name!r:.80} must follow each other, but others "
                    "were between"
                )
            if after_gap and name == last:
                torn.append(name)
            ranges.setdefault(name, []).append(RowRange(shard, row, row + length))
            row += length
            last = name
            after_gap = False
    return [SequenceLocation(name, tuple(rows)) for name, rows in ranges.items() if name not in set(torn)], torn


def batches_of(sequences: Iterable[SequenceLocation], size: int) -> list[SequenceBatch]:
    """Divide sequences into batches.

    A batch holds consecutive sequences of a single shard, or a single sequence that spans several shards. So a damaged
    shard costs no sequence of another shard.

    Args:
        sequences: in the order of the dataset.
        size: the largest number of sequences in a batch.
    """
    parts: list[tuple[SequenceLocation, ...]] = []
    for _key, group in groupby(sequences, key=_shard_and_spanning_name):
        neighbours = tuple(group)
        parts += [neighbours[start : start + size] for start in range(0, len(neighbours), size)]
    return [SequenceBatch(number, part) for number, part in enumerate(parts)]


def _shard_and_spanning_name(sequence: SequenceLocation) -> tuple[str, str | None]:
    return sequence.ranges[0].shard, sequence.name if len(sequence.ranges) > 1 else None


def require_each_once(batches: Sequence[SequenceBatch], done: Iterable[int]) -> None:
    """Require exactly 1 result for each batch.

    Args:
        batches: of the plan.
        done: the numbers of the batches of all results.

    Raises:
        ClusterError: a batch has no result or several results; the message names sequences.

    >>> batches = batches_of([SequenceLocation(name, (RowRange("a", 0, 1),)) for name in ("ann", "bob")], 1)
    >>> require_each_once(batches, [0, 0])
    Traceback (most recent call last):
    uisrnn.errors.ClusterError: there must be one result for each sequence, but there are 2 for 'ann', none for 'bob'
    """
    counts = dict.fromkeys(range(len(batches)), 0)
    for number in done:
        counts[number] += 1
    wrong = list(_wrong(batches, counts))
    if wrong:
        more = f" and {len(wrong) - _NAMED} others" if len(wrong) > _NAMED else ""
        raise ClusterError(
            f"there must be one result for each sequence, but there are {', '.join(wrong[:_NAMED])}{more}"
        )


def _wrong(batches: Sequence[SequenceBatch], counts: dict[int, int]) -> Iterator[str]:
    for batch in batches:
        if counts[batch.number] != 1:
            yield from (f"{counts[batch.number] or 'none'} for {sequence.name!r:.80}" for sequence in batch.sequences)


def _joined(ranges: list[RowRange]) -> RowRange:
    return RowRange(ranges[0].shard, ranges[0].start, ranges[-1].stop)
