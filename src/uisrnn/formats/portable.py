"""What every format can hold, checked before anything is written."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from uisrnn.errors import InputError, InputTypeError
from uisrnn.formats.json_text import require_exact
from uisrnn.sequences.labeled import LabeledSequence


def portable(sequences: Iterable[LabeledSequence]) -> Iterator[LabeledSequence]:
    """The same sequences, each checked when it comes; those without a name, but for the first, get a number.

    Raises:
        InputTypeError: something is not a `LabeledSequence`.
        InputError: there is none, two have one name, dimensions differ, text is not Unicode, or JSON cannot hold info.

    >>> [one.name for one in portable([LabeledSequence([[1]]), LabeledSequence([[2]])])]
    ['sequence', 'sequence-1']
    >>> list(portable([LabeledSequence([[1]], name="a"), LabeledSequence([[2]], name="a")]))
    Traceback (most recent call last):
    uisrnn.errors.InputError: sequence 1: must have a name of its own, but 'a' is that of an earlier one
    """
    names: set[str] = set()
    dim = None
    for number, one in enumerate(sequences):
        if not isinstance(one, LabeledSequence):
            raise InputTypeError(f"sequence {number}: must be a LabeledSequence, but is {type(one).__name__}")
        if one.name in names and one.name == LabeledSequence.name:
            one = replace(one, name=f"{one.name}-{number}")
        if one.name in names:
            raise InputError(
                f"sequence {number}: must have a name of its own, but {one.name!r:.80} is that of an earlier one"
            )
        if dim not in (None, one.observations.shape[1]):
            raise InputError(
                f"{one.name}: observations must be (T, {dim}) as those before, but are {one.observations.shape}"
            )
        _require_text(number, one)
        names.add(one.name)
        dim = one.observations.shape[1]
        yield one
    if dim is None:
        raise InputError("at least one sequence is needed, but there is none")


def _require_text(number: int, one: LabeledSequence) -> None:
    require_exact(one.name, f"sequence {number}: name")
    for label in dict.fromkeys(one.labels or ()):
        require_exact(label, f"{one.name}: labels")
    require_exact(dict(one.info), f"{one.name}: info")
