"""Output that several commands share: turns as RTTM, labels as JSON lines."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from uisrnn.cli.console import show_line, tell
from uisrnn.errors import InputError
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.sequences.labels import Label
from uisrnn.turns import rttm
from uisrnn.turns.segmentation import to_turns
from uisrnn.turns.turn import Turn

DECIMALS = 3
"""Decimals of seconds in RTTM; windows are not placed more exactly."""


def put_turns(named: Iterable[tuple[str, Any]], out: str | Path) -> None:
    """Print turns as RTTM if `out` is `rttm` or `-`, else write them to the file `out`.

    Names in RTTM are words: `_` replaces white space and characters that cannot be printed.

    Raises:
        InputError: two recordings would have the same name.
    """
    recordings: dict[str, Any] = {}
    for name, turns in named:
        word = "".join(letter if letter.isprintable() and not letter.isspace() else "_" for letter in name) or "_"
        if word in recordings:
            raise InputError(f"{name!r}: another recording has the same name {word!r} in RTTM")
        recordings[word] = turns
    if str(out) in ("rttm", "-"):
        print(rttm.text_of(recordings, decimals=DECIMALS), end="", flush=True)
    else:
        rttm.write(out, recordings, decimals=DECIMALS)
        tell(f"wrote {out}")


def show_label(name: str | None, position: int, time: float | None, label: Label, final: bool) -> None:
    """Print the label of an observation as a JSON line."""
    show_line({"sequence": name, "position": position, "time": time, "label": label, "final": final})


def turns_in(
    sequence: LabeledSequence, hop: float | None = None, min_gap: float = 0.0, min_turn: float = 0.0
) -> list[Turn]:
    """The turns of a sequence; see `to_turns`.

    Raises:
        InputError: the sequence has no labels or no times.
    """
    if sequence.labels is None or sequence.times is None:
        raise InputError(f"{sequence.name}: turns need labels and times (--hop SECONDS gives times), but it lacks them")
    return to_turns(sequence.labels, sequence.times, hop=hop, min_gap=min_gap, min_turn=min_turn)
