"""The text of the library stays plain English, as far as counting can tell; see CONTRIBUTING.md."""

from pathlib import Path

import pytest

import words

REPOSITORY = Path(__file__).parents[1]
MOST = {"one": 2.5, "what": 1.0, "that of": 0.5, "where": 1.0}  # in 1000 words
EXPECTED = {"errors": {"one": 10}}  # errors say "must be one of" and "at least one"


KINDS = ("docstrings", "errors", "help of commands", "README", "pages")


@pytest.mark.parametrize("kind", KINDS)
def test_plain_english_avoids_some_words(kind):
    rates = words.rates(words.texts_of(REPOSITORY)[kind])
    most = MOST | EXPECTED.get(kind, {})
    assert {word: rate for word, rate in rates.items() if rate > most[word]} == {}


def test_every_kind_of_text_is_counted():
    assert set(words.texts_of(REPOSITORY)) == set(KINDS)


def test_independent_values_are_assigned_on_lines_of_their_own():
    assert words.packed_in_1000_lines(REPOSITORY) < 1


def test_variables_say_what_they_hold():
    assert [path for path, parsed in words.parsed_files(REPOSITORY).items() if words.variables_named_one(parsed)] == []


def test_words_are_counted():
    assert words.rates(["What one has: that of ten words, where one counts."])["one"] == 1000 * 2 / 10
