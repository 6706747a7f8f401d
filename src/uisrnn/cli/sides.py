"""Reference and hypotheses of `uisrnn evaluate`, read from files, with the same names of files on all sides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uisrnn.cli.console import tell
from uisrnn.cli.sources import sequences_of
from uisrnn.errors import InputError
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.turns import uem as uem_file
from uisrnn.turns.channels import Channel, by_recording, names_of
from uisrnn.turns.files import holds_turns, read_channels, refuse_other_kinds
from uisrnn.turns.turn import Span, Turn


@dataclass(frozen=True)
class Source:
    """The turns or the sequences of a side.

    Attributes:
        where: a word of the command line, for messages.
        turns: of each channel; None if there are sequences.
        sequences: by name; empty if there are turns.
    """

    where: str
    turns: dict[Channel, list[Turn]] | None
    sequences: dict[str, LabeledSequence]


@dataclass(frozen=True)
class Sides:
    """The arguments of `uisrnn.evaluate`.

    Attributes:
        truth: the references by the name of the file.
        outputs: the hypotheses of each system by the name of the file.
        regions: the regions to score by the name of the file; None: whole files.
    """

    truth: Mapping[str, Any]
    outputs: list[Mapping[str, Any]]
    regions: Mapping[str, list[Span]] | None


def source_of(path: Path, hop: float | None) -> Source:
    """The turns or the sequences in a file or folder.

    Args:
        path: a file of turns, or sequences.
        hop: seconds between observations, for sequences without times.

    Raises:
        InputError, OSError: the file cannot be read.
    """
    if holds_turns(path):
        return Source(str(path), read_channels(path), {})
    refuse_other_kinds(path)
    return Source(str(path), None, by_name(sequences_of([path], hop=hop), str(path)))


def by_name(sequences: list[LabeledSequence], where: str) -> dict[str, LabeledSequence]:
    """Sequences by their names.

    Raises:
        InputError: two sequences have the same name.
    """
    named = {sequence.name: sequence for sequence in sequences}
    if len(named) < len(sequences):
        raise InputError(f"{where}: sequences must have different names, but {len(sequences)} have {len(named)}")
    return named


def sides_of(truth: Source, outputs: list[Source], uem: Path | None) -> Sides:
    """The same files on all sides.

    If all sides are turns, each channel of a recording is scored by itself. Files without regions are left out, and
    recordings without turns in an output are silent there; a message names them.

    Args:
        truth: the reference.
        outputs: of the systems.
        uem: a file with the regions to score; None: whole files.

    Raises:
        InputError: a recording has several channels, but another side has sequences; or no file has regions.
        OSError: the file of regions cannot be read.
    """
    regions = None if uem is None else uem_file.read(uem)
    names = None
    if all(source.turns is not None for source in (truth, *outputs)):
        names = names_of(*(source.turns or {} for source in (truth, *outputs)))
    references = _named(truth, names)
    hypotheses = [_named(source, names) for source in outputs]
    named_regions = None
    if regions is not None:
        named_regions = _regions_by_name(regions, truth, names, str(uem))
        heard = [name for name in named_regions if any(name in own for own in hypotheses)]
        references = _with_silence(references, heard, truth)
        _require_region(named_regions, references, str(uem))
        references = _within_regions(references, named_regions, f"{uem}: has no regions of")
        pairs = zip(hypotheses, outputs, strict=True)
        hypotheses = [
            _within_regions(own, named_regions, f"{source.where}: there are no regions for") for own, source in pairs
        ]
    pairs = zip(hypotheses, outputs, strict=True)
    return Sides(references, [_with_silence(own, references, source) for own, source in pairs], named_regions)


def _named(source: Source, names: Mapping[Channel, str] | None) -> dict[str, Any]:
    if source.turns is None:
        return dict(source.sequences)
    if names is None:
        return by_recording(source.turns, source.where)
    return {names[channel]: turns for channel, turns in source.turns.items()}


def _regions_by_name(
    regions: Mapping[Channel, list[Span]], truth: Source, names: Mapping[Channel, str] | None, where: str
) -> dict[str, list[Span]]:
    """The regions of each file, under the names of the other sides.

    A recording with a single channel on the other sides has the regions of this channel, if the file has regions of
    it, else the regions of the recording, whatever their channel is called.
    """
    if names is None:
        return by_recording(regions, where, "regions")
    scored_alone = {channel.recording for channel, name in names.items() if name == channel.name}
    own = truth.turns or {}
    exact = {channel.recording for channel in regions if channel in own}
    whole = {
        channel: spans
        for channel, spans in regions.items()
        if channel.recording not in scored_alone and (channel in own or channel.recording not in exact)
    }
    return {
        **{channel.name: spans for channel, spans in regions.items() if channel.recording in scored_alone},
        **by_recording(whole, where, "regions"),
    }


def _require_region(regions: Mapping[str, Any], references: Mapping[str, Any], where: str) -> None:
    if regions.keys().isdisjoint(references):
        raise InputError(f"{where}: must have regions of a file of the reference, but has regions of {_first(regions)}")


def _within_regions(own: dict[str, Any], regions: Mapping[str, Any], message: str) -> dict[str, Any]:
    """The files that have regions; a message names the other files."""
    left_out = [name for name in own if name not in regions]
    if left_out:
        tell(f"{message} {_first(left_out)}, left out")
    return {name: content for name, content in own.items() if name in regions}


def _with_silence(own: dict[str, Any], names: Iterable[str], source: Source) -> dict[str, Any]:
    """Add recordings without turns, because a file of turns cannot say that nobody speaks."""
    silent = [] if source.turns is None else [name for name in names if name not in own]
    if silent:
        tell(f"{source.where}: has no turns of {_first(silent)}, taken for silence")
    return {**own, **{name: [] for name in silent}}


def _first(names: Iterable[str]) -> str:
    listed = list(names)
    return f"{', '.join(listed[:5])}{', ...' * (len(listed) > 5)}" or "no files"
