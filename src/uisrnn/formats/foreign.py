"""Kinds of files without sequences or models, known by their suffixes, for errors that tell the user what to do."""

from dataclasses import dataclass
from pathlib import Path

from uisrnn.turns.files import UNREAD_INTERVALS


@dataclass(frozen=True)
class ForeignKind:
    """A kind of file.

    Attributes:
        name: in words, with an article.
        cure: what to do with such a file, in the imperative.
    """

    name: str
    cure: str

    def error(self, needed: str) -> str:
        """The text of an error, without the path.

        >>> kind_of(Path("a.uem")).error("a model file")
        'is a UEM file of regions to score, but a model file is needed; give it to `uisrnn evaluate --uem`'
        """
        return f"is {self.name}, but {needed} is needed; {self.cure}"


_WORDS = "give it to `uisrnn evaluate`"
_INTERVALS = "write its intervals as turns in an RTTM file"
_TABLE = "write a JSON line or a row of Parquet for each observation, with sequence, label and embedding"
_RECORDING = ForeignKind(
    "a recording", "`uisrnn diarize` labels it, and `uisrnn.audio.embed` makes a sequence of observations of it"
)
_ARRAYS = "save its arrays with numpy.savez, or with uisrnn.save_sequences"
_PICKLE = ForeignKind("a pickle", f"nothing is unpickled: {_ARRAYS}")

_KINDS = {
    ".rttm": ForeignKind("an RTTM file of turns, without observations", "give it as --rttm (rttm=) beside sequences"),
    ".uem": ForeignKind("a UEM file of regions to score", "give it to `uisrnn evaluate --uem`"),
    ".ctm": ForeignKind("a CTM file of words", _WORDS),
    ".stm": ForeignKind("an STM file of transcripts", _WORDS),
    ".lab": ForeignKind("a file of labelled intervals", _INTERVALS),
    **{suffix: ForeignKind(name, _INTERVALS) for suffix, name in UNREAD_INTERVALS.items()},
    ".csv": ForeignKind("a table of text", _TABLE),
    ".tsv": ForeignKind("a table of text", _TABLE),
    ".txt": ForeignKind("a text file", _TABLE),
    ".json": ForeignKind("a JSON file", _TABLE),
    ".pkl": _PICKLE,
    ".pickle": _PICKLE,
    ".h5": ForeignKind("an HDF5 file", _ARRAYS),
    ".hdf5": ForeignKind("an HDF5 file", _ARRAYS),
    ".mat": ForeignKind("a file of MATLAB", _ARRAYS),
    **dict.fromkeys(
        (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".mp4", ".aac", ".wma", ".webm", ".mkv", ".aiff", ".sph"),
        _RECORDING,
    ),
}
_MODEL = ForeignKind("a model", "give the file of sequences in its place")


def kind_of(path: Path) -> ForeignKind | None:
    """The kind of a file that holds neither sequences nor a model; None if the suffix tells nothing."""
    return _KINDS.get(path.suffix.lower())


def kind_without_sequences(path: Path) -> ForeignKind | None:
    """The kind of a file that holds no sequences; None if the suffix tells nothing."""
    return _MODEL if path.suffix.lower() == ".uisrnn" else kind_of(path)
