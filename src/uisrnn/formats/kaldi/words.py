"""Names and labels as words of Kaldi's text files, and back."""

import re
from urllib.parse import quote, unquote

from uisrnn.sequences.labels import Label

_SAFE = "!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~"  # all signs of ASCII but %, which begins the code of another sign
_NOTHING = "%"  # the word for an empty text
_INTEGER = re.compile(r"-?[0-9]+")
_OBSERVATION = re.compile(r"-[0-9]{7,}$")


def word(text: str) -> str:
    """Make a word of ASCII from a text; `text_of` gives the text back.

    >>> word("ann lee"), word("50%"), word("")
    ('ann%20lee', '50%25', '%')
    """
    return quote(text, safe=_SAFE) or _NOTHING


def text_of(word: str) -> str:
    """The text from which the function `word` made a word."""
    return "" if word == _NOTHING else unquote(word, errors="surrogateescape")


def sequence_word(name: str) -> str:
    """The word for a sequence, which is never the word for an observation of another sequence.

    >>> sequence_word("call"), sequence_word("call-0000001")
    ('call', 'call-000000%31')
    """
    return _last_escaped(word(name)) if _OBSERVATION.search(word(name)) else word(name)


def observation_word(sequence: str, number: int) -> str:
    """The word for an observation; sorting these words keeps the order of the observations of a sequence.

    >>> observation_word("call", 12)
    'call-0000012'
    """
    return f"{sequence}-{number:07d}"


def label_word(label: Label) -> str:
    """The word for a label, which differs for an integer and a string of the same digits.

    >>> label_word(3), label_word("3"), label_word("ann")
    ('3', '%33', 'ann')
    """
    if not isinstance(label, str):
        return str(label)
    return _last_escaped(word(label)) if _INTEGER.fullmatch(word(label)) else word(label)


def label_of(word: str) -> Label:
    """The label from which `label_word` made a word."""
    return int(word) if _INTEGER.fullmatch(word) and len(word) < 4000 else text_of(word)


def _last_escaped(word: str) -> str:
    return f"{word[:-1]}%{ord(word[-1]):02X}"
