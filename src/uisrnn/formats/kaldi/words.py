"""Names and labels as words of Kaldi's text files, from which they come back."""

import re
from urllib.parse import quote, unquote

from uisrnn.sequences.labels import Label

_SAFE = "!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~"  # all signs of ASCII but %, with which others are written
_NOTHING = "%"  # the word for an empty text
_INTEGER = re.compile(r"-?[0-9]+")
_OBSERVATION = re.compile(r"-[0-9]{7,}$")


def word(text: str) -> str:
    """A text as a word of ASCII; `text_of` gives it back.

    >>> word("ann lee"), word("50%"), word("")
    ('ann%20lee', '50%25', '%')
    """
    return quote(text, safe=_SAFE) or _NOTHING


def text_of(one: str) -> str:
    """The text that `word` made a word of."""
    return "" if one == _NOTHING else unquote(one, errors="surrogateescape")


def sequence_word(name: str) -> str:
    """The word for a sequence, never one that an observation of another could have.

    >>> sequence_word("call"), sequence_word("call-0000001")
    ('call', 'call-000000%31')
    """
    return _last_escaped(word(name)) if _OBSERVATION.search(word(name)) else word(name)


def observation_word(sequence: str, number: int) -> str:
    """The word for an observation, so that those of a sequence are in order when they are sorted.

    >>> observation_word("call", 12)
    'call-0000012'
    """
    return f"{sequence}-{number:07d}"


def label_word(label: Label) -> str:
    """The word for a label, from which `label_of` knows integers from strings.

    >>> label_word(3), label_word("3"), label_word("ann")
    ('3', '%33', 'ann')
    """
    if not isinstance(label, str):
        return str(label)
    return _last_escaped(word(label)) if _INTEGER.fullmatch(word(label)) else word(label)


def label_of(one: str) -> Label:
    """The label that `label_word` made a word of."""
    return int(one) if _INTEGER.fullmatch(one) and len(one) < 4000 else text_of(one)


def _last_escaped(one: str) -> str:
    return f"{one[:-1]}%{ord(one[-1]):02X}"
