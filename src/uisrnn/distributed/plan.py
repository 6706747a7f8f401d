"""Who does what: batches of whole sequences, as rows of shards."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby

from uisrnn.errors import ClusterError, InputError

_NAMED = 5  # in a message, at most


@dataclass(frozen=True)
class Stretch:
    """Rows of a shard.

    Attributes:
        shard: its path.
        start: the first of them.
        stop: the row after the last.
    """

    shard: str
    start: int
    stop: int


@dataclass(frozen=True)
class Place:
    """Where the rows of one sequence are.

    Attributes:
        name: of the sequence.
        stretches: of consecutive shards.
    """

    name: str
    stretches: tuple[Stretch, ...]

    def __len__(self) -> int:
        """T, the number of observations."""
        return sum(one.stop - one.start for one in self.stretches)


@dataclass(frozen=True)
class Batch:
    """Whole sequences that one worker decodes together.

    Attributes:
        number: of the batch, in the order of the dataset.
        places: of the sequences.
    """

    number: int
    places: tuple[Place, ...]

    @property
    def shard(self) -> str:
        """Where it begins."""
        return self.places[0].stretches[0].shard

    def stretches(self) -> list[Stretch]:
        """The rows of all of them, as few stretches as there are shards."""
        rows = (stretch for place in self.places for stretch in place.stretches)
        return [_joined(list(group)) for _shard, group in groupby(rows, key=lambda one: one.shard)]

    def to_json(self) -> str:
        """The batch as text, in which it travels."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "Batch":
        """What `to_json` wrote.

        >>> batch = Batch(0, (Place("call", (Stretch("a.parquet", 0, 7),)),))
        >>> Batch.from_json(batch.to_json()) == batch
        True
        """
        told = json.loads(text)
        return Batch(
            told["number"],
            tuple(Place(one["name"], tuple(Stretch(**rows) for rows in one["stretches"])) for one in told["places"]),
        )


def places_of(shards: Iterable[tuple[str, Sequence[tuple[str, int]] | None]]) -> tuple[list[Place], list[str]]:
    """The sequences of shards that are one table.

    Args:
        shards: their paths in order, each with the names in it and how many rows follow each other under each; None:
            it cannot be read.

    Returns:
        Where each sequence is; and the names of those that are not among them, because their middle is in a shard that
        cannot be read.

    Raises:
        InputError: the rows of a sequence do not follow each other.

    >>> places_of([("a", [("ann", 3), ("bob", 2)]), ("b", [("bob", 4)])])[0][1].stretches
    (Stretch(shard='a', start=3, stop=5), Stretch(shard='b', start=0, stop=4))
    """
    places: dict[str, list[Stretch]] = {}
    torn: list[str] = []
    last, gap = None, False
    for shard, runs in shards:
        if runs is None:
            gap = True
            continue
        row = 0
        for name, length in runs:
            if name in places and name != last:
                raise InputError(
                    f"{shard}, row {row} (the first is 0): the rows of {name!r:.80} must follow each other, but others "
                    "were between"
                )
            if gap and name == last:
                torn.append(name)
            places.setdefault(name, []).append(Stretch(shard, row, row + length))
            row, last, gap = row + length, name, False
    return [Place(name, tuple(rows)) for name, rows in places.items() if name not in set(torn)], torn


def batches_of(places: Iterable[Place], size: int) -> list[Batch]:
    """Neighbouring sequences of one shard together; those that go on in another one are alone.

    So a shard that turns out to be damaged costs no sequence of another shard.

    Args:
        places: of the sequences.
        size: of a batch, at most.
    """
    parts: list[tuple[Place, ...]] = []
    for _key, group in groupby(places, key=lambda one: (one.stretches[0].shard, len(one.stretches) > 1 and one.name)):
        together = tuple(group)
        parts += [together[at : at + size] for at in range(0, len(together), size)]
    return [Batch(number, places) for number, places in enumerate(parts)]


def require_each_once(batches: Sequence[Batch], done: Iterable[int]) -> None:
    """See to it that nothing was lost, and nothing done twice.

    Args:
        batches: of the plan.
        done: numbers of those for which there are results.

    Raises:
        ClusterError: it is not so; the message names sequences.

    >>> batches = batches_of([Place(name, (Stretch("a", 0, 1),)) for name in ("ann", "bob")], 1)
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


def _wrong(batches: Sequence[Batch], counts: dict[int, int]) -> Iterator[str]:
    for batch in batches:
        if counts[batch.number] != 1:
            yield from (f"{counts[batch.number] or 'none'} for {place.name!r:.80}" for place in batch.places)


def _joined(rows: list[Stretch]) -> Stretch:
    return Stretch(rows[0].shard, rows[0].start, rows[-1].stop)
