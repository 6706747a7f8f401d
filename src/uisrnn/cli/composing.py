"""`uisrnn simulate --audio`: write composed conversations to a folder."""

import json
from collections.abc import Sequence
from pathlib import Path

from uisrnn import extras
from uisrnn.audio.composing import Composition, compose, find_voices
from uisrnn.cli.console import tell
from uisrnn.cli.files import require_folder_place
from uisrnn.errors import ArgumentError
from uisrnn.files import filling
from uisrnn.progress import Bar
from uisrnn.turns import rttm


def write_compositions(
    out: Path,
    turns: Sequence[Path],
    voices: Sequence[Path],
    *,
    split: str | None,
    number: int | None,
    max_seconds: float | None,
    channels: Sequence[str],
    seed: int | None,
) -> None:
    """Write NAME.wav, NAME.rttm and NAME.json for each composed conversation to a new folder; on failure write nothing.

    Args:
        out: the folder.
        turns: RTTM files.
        voices: folders or manifests, see `find_voices`.
        split: see `find_voices`.
        number: see `compose`.
        max_seconds: see `compose`.
        channels: words NAME=SHARE; if empty, the default of `compose`.
        seed: see `compose`.

    Raises:
        ArgumentError: `out` is neither new nor empty, or its parent folder does not exist.
        UISRNNError: see `compose` and `find_voices`.
        OSError: a file cannot be read or written.
    """
    require_folder_place(out)
    sound = extras.load("soundfile", "audio", "simulate --audio")
    compositions = compose(
        list(turns), _voices_of(voices, split), number=number, max_seconds=max_seconds,
        channels=_shares(channels) or None, seed=seed,
    )  # fmt: skip
    count = 0
    seconds = 0.0
    with filling(out) as folder, Bar(number, "composing") as progress:
        for composition in compositions:
            sound.write(folder / f"{composition.name}.wav", composition.waveform, composition.rate, "PCM_16")
            _describe(folder, composition)
            count += 1
            seconds += len(composition.waveform) / composition.rate
            progress.advance()
    tell(f"wrote {out}: {count} conversations, {seconds / 60:.1f} minutes")


def _describe(folder: Path, composition: Composition) -> None:
    rttm.write(folder / f"{composition.name}.rttm", {composition.name: composition.turns}, decimals=3)
    text = json.dumps(composition.description, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / f"{composition.name}.json").write_text(text + "\n", encoding="utf-8")


def _voices_of(places: Sequence[Path], split: str | None) -> dict[str, list[Path]]:
    """The voices of all places; equal names in two places are the same voice."""
    voices: dict[str, list[Path]] = {}
    for place in places:
        for name, paths in find_voices(place, split).items():
            voices.setdefault(name, []).extend(paths)
    return voices


def _shares(words: Sequence[str]) -> dict[str, float]:
    """The share of each channel from words NAME=SHARE.

    >>> _shares(["clean=0.5", "opus=0.5"])
    {'clean': 0.5, 'opus': 0.5}
    """
    shares = {}
    for word in words:
        name, _, share = word.partition("=")
        try:
            shares[name] = float(share)
        except ValueError:
            raise ArgumentError(f"--channel must be NAME=SHARE, as in mu-law=0.5, but is {word!r:.80}") from None
    return shares
