"""`uisrnn diarize`: recordings, or sound as it comes, to who speaks when."""

import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from uisrnn.audio import LiveDiarizer, ResemblyzerEncoder
from uisrnn.audio import diarize as uisrnn_diarize
from uisrnn.audio.diarization import MIN_GAP
from uisrnn.audio.live import COMMIT_LAG, Spoken
from uisrnn.audio.microphone import microphone
from uisrnn.cli import options
from uisrnn.cli.console import complain, reason_of, show_json, show_line
from uisrnn.cli.files import require_place
from uisrnn.cli.results import put_turns
from uisrnn.cli.settings import inference_of
from uisrnn.cli.sources import model_of
from uisrnn.data.rttm import is_rttm
from uisrnn.data.turns import turns_of
from uisrnn.errors import ArgumentError, InputError, UISRNNError

if TYPE_CHECKING:
    from pyannote.core import Annotation

_BLOCK = 0.2  # seconds of live sound that are taken at a time

_EPILOG = """Examples:

uisrnn diarize meeting.wav

uisrnn diarize *.wav --out all.rttm --num-speakers 2

cat meeting.flac | uisrnn diarize - --json

uisrnn diarize --live mic

arecord -f S16_LE -r 16000 | uisrnn diarize --live -
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=_EPILOG)(diarize)


def diarize(
    audio: Annotated[
        list[Path] | None, typer.Argument(help="Recordings that soundfile reads; - for one from standard input.")
    ] = None,
    num_speakers: Annotated[int | None, typer.Option(help="How many speak, where it is known.")] = None,
    live: Annotated[
        str | None, typer.Option(help="Label sound while it comes: from 'mic', or from - (16 bit, one channel).")
    ] = None,
    rate: Annotated[int, typer.Option(help="Samples a second of live sound.")] = 16000,
    out: Annotated[str, typer.Option(help="'rttm' to print, or a file to write (.rttm).")] = "rttm",
    model: Annotated[
        str, typer.Option(help="Model file, or 'resemblyzer', which comes with the library.")
    ] = "resemblyzer",
    window: Annotated[float, typer.Option(help="Seconds that the encoder hears at a time, 0.8 or 1.6.")] = 0.8,
    recenter: Annotated[
        float,
        typer.Option(help="Share, 0 to 1, of what a recording's channel adds to all its observations to take off."),
    ] = 0.0,
    min_gap: options.MinGap = MIN_GAP,
    min_turn: options.MinTurn = 0.0,
    commit_lag: Annotated[int, typer.Option(help="Live: a label is final after so many more windows.")] = COMMIT_LAG,
    config: options.Config = None,
    assignments: options.Assignments = [],  # noqa: B006 -- typer takes the default of a list as a list
    device: options.Device = "auto",
    json: options.Json = False,
) -> None:
    """Find out who speaks when, in recordings or live.

    Live, a line {"time", "speaker", "final"} comes for each window in which somebody speaks, and another one when that
    changes or becomes final.
    """
    args = inference_of(config, assignments)
    if (live is None) == (not audio):
        raise ArgumentError("diarize needs recordings, or --live mic, or --live -")
    labeller = model_of(model, device)
    encoder = ResemblyzerEncoder(window=window, device=str(labeller.device))
    if live is not None:
        if num_speakers is not None or recenter:
            raise ArgumentError("--num-speakers and --recenter need the whole recording, but --live has no end")
        args = replace(args, commit_lag=commit_lag)
        _follow(LiveDiarizer(labeller, encoder, rate, inference_args=args), live)
        return
    _require_rttm(out)
    names = _names_of(audio or [])
    diarization = partial(
        uisrnn_diarize, model=labeller, encoder=encoder, num_speakers=num_speakers, recenter=recenter,
        min_gap=min_gap, min_turn=min_turn, inference_args=args,
    )  # fmt: skip
    found, failed = {}, 0
    for name, path in names.items():
        try:
            found[name] = _diarized(path, diarization)
        except (InputError, OSError) as error:  # the others shall not be lost
            if len(names) == 1:
                raise
            complain(reason_of(error))
            failed += 1
    _show(found, out, json)
    if failed:
        raise typer.Exit(1)


def _require_rttm(out: str) -> None:
    if out in ("rttm", "-"):
        return
    require_place(Path(out))
    if not is_rttm(Path(out)):
        raise ArgumentError(f"--out must be rttm or a file that ends with .rttm, but is {out}")


def _names_of(paths: Sequence[Path]) -> dict[str, Path]:
    names = {("stdin" if str(path) == "-" else path.stem): path for path in paths}
    if len(names) < len(paths):
        raise InputError(f"recordings must have different names, but {len(paths)} have {len(names)}")
    return names


def _diarized(path: Path, diarization: Callable[[Path], "Annotation"]) -> "Annotation":
    """What comes from a pipe is put into a file, which can be read from its start."""
    if str(path) != "-":
        return diarization(path)
    with tempfile.NamedTemporaryFile(prefix="stdin") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        try:
            return diarization(Path(file.name))
        except UISRNNError as error:
            raise type(error)(str(error).replace(file.name, "standard input")) from error


def _show(found: "dict[str, Annotation]", out: str, json: bool) -> None:
    if json:
        show_json({name: [turn._asdict() for turn in turns_of(one, name)] for name, one in found.items()})
    if not json or out not in ("rttm", "-"):
        put_turns(found.items(), out)


# --- live ---


def _follow(listener: LiveDiarizer, source: str) -> None:
    try:
        for block in _blocks(source, listener.rate):
            _tell(listener.push(block))
    except KeyboardInterrupt:
        if source != "mic":  # which is ended so
            raise
    finally:
        _tell(listener.flush())


def _tell(spoken: list[Spoken]) -> None:
    for one in spoken:
        show_line({"time": round(one.time, 3), "speaker": one.speaker, "final": one.final})


def _blocks(source: str, rate: int) -> Iterator[Any]:
    if source == "mic":
        return microphone(rate, _BLOCK)
    if source == "-":
        return _pcm(sys.stdin.buffer, rate)
    raise ArgumentError(f"--live must be mic or -, but is {source}")


def _pcm(stream: Any, rate: int) -> Iterator[Any]:
    """Samples of 16 bits, little end first, as they come."""
    left = b""
    while content := stream.read1(2 * round(rate * _BLOCK)) if isinstance(stream, io.BufferedReader) else stream.read():
        content = left + content
        even = len(content) // 2 * 2
        left = content[even:]
        yield np.frombuffer(content[:even], dtype="<i2")
