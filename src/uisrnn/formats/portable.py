"""Checks of sequences before anything is written, for all formats."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from uisrnn.errors import InputError, InputTypeError
from uisrnn.formats.format import Dimension
from uisrnn.formats.json_text import require_exact
from uisrnn.sequences.labeled import LabeledSequence


def portable(sequences: Iterable[LabeledSequence]) -> Iterator[LabeledSequence]:
    """Check sequences while they come; sequences without a name get a number, but for the first.

    Raises:
        InputTypeError: an object is not a `LabeledSequence`.
        InputError: there is no sequence, two sequences have the same name, dimensions differ, text is not Unicode, or
            JSON cannot hold info.

    >>> [sequence.name for sequence in portable([LabeledSequence([[1]]), LabeledSequence([[2]])])]
    ['sequence', 'sequence-1']
    >>> list(portable([LabeledSequence([[1]], name="a"), LabeledSequence([[2]], name="a")]))
    Traceback (most recent call last):
    uisrnn.errors.InputError: sequence 1: must have a name of its own, but an earlier sequence is 'a' too
    """
    names: set[str] = set()
    dimension = Dimension()
    for number, sequence in enumerate(sequences):
        if not isinstance(sequence, LabeledSequence):
            raise InputTypeError(f"sequence {number}: must be a LabeledSequence, but is {type(sequence).__name__}")
        if sequence.name in names and sequence.name == LabeledSequence.name:
            sequence = replace(sequence, name=f"{sequence.name}-{number}")
        if sequence.name in names:
            raise InputError(
                f"sequence {number}: must have a name of its own, but an earlier sequence is {sequence.name!r:.80} too"
            )
        dimension.require(sequence)
        _require_text(number, sequence)
        names.add(sequence.name)
        yield sequence
    if not names:
        raise InputError("at least one sequence is needed, but there is none")


def _require_text(number: int, sequence: LabeledSequence) -> None:
    require_exact(sequence.name, f"sequence {number}: name")
    for label in dict.fromkeys(sequence.labels or ()):
        require_exact(label, f"{sequence.name}: labels")
    require_exact(dict(sequence.info), f"{sequence.name}: info")
