"""`uisrnn diarize`: find out who speaks when in recordings or in live sound."""

import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from uisrnn.audio import LiveDiarizer, choose_front_end
from uisrnn.audio import diarize as uisrnn_diarize
from uisrnn.audio.diarization import MIN_GAP
from uisrnn.audio.front_ends.catalog import ENCODERS, segmentation_of
from uisrnn.audio.front_ends.front_end import FrontEnd
from uisrnn.audio.live import COMMIT_LAG, Spoken
from uisrnn.audio.sources.microphone import microphone
from uisrnn.audio.system import encoder_for
from uisrnn.cli import options
from uisrnn.cli.console import complain, reason_of, show_json, show_line, tell, warnings_in_one_line
from uisrnn.cli.files import require_place
from uisrnn.cli.results import put_turns
from uisrnn.cli.settings import inference_of
from uisrnn.cli.sources import model_of
from uisrnn.errors import ArgumentError, InputError, UISRNNError
from uisrnn.turns.rttm import is_rttm
from uisrnn.turns.turn import turns_of
from uisrnn.uisrnn import UISRNN

if TYPE_CHECKING:
    from pyannote.core import Annotation

_BLOCK = 0.2  # seconds of live sound in a block

_EPILOG = """Examples:

uisrnn diarize meeting.wav

uisrnn diarize call.m4a --channels split

uisrnn diarize *.wav --out all.rttm --num-speakers 2

cat meeting.flac | uisrnn diarize - --json

uisrnn diarize --live mic

arecord -f S16_LE -r 16000 | uisrnn diarize --live -
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog=_EPILOG)(diarize)


def diarize(
    audio: Annotated[
        list[Path] | None, typer.Argument(help="Recordings in any format; - for a recording from standard input.")
    ] = None,
    num_speakers: Annotated[int | None, typer.Option(help="Number of speakers, if it is known.")] = None,
    live: Annotated[
        str | None, typer.Option(help="Label live sound from 'mic' or from - (standard input: 16 bit, one channel).")
    ] = None,
    rate: Annotated[int, typer.Option(help="Samples per second of live sound.")] = 16000,
    out: Annotated[str, typer.Option(help="'rttm' to print, or an .rttm file to write.")] = "rttm",
    model: Annotated[
        str | None, typer.Option(help="Model file, or a name that `uisrnn models` lists; by default the encoder's.")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option(help="Encoder of voices, see `uisrnn models`; by default the best installed encoder.")
    ] = None,
    segmentation: Annotated[
        str | None,
        typer.Option(help="Finder of speakers or speech, see `uisrnn models`; by default the encoder's."),
    ] = None,
    window: Annotated[float, typer.Option(help="Window of the encoder resemblyzer in seconds, 0.8 or 1.6.")] = 0.8,
    channels: Annotated[
        str,
        typer.Option(
            metavar="mix|split",
            help="mix: average the channels; split: each channel alone, with its own speakers.",
        ),
    ] = "mix",
    exclusive: Annotated[bool, typer.Option("--exclusive", help="Write turns that do not overlap.")] = False,
    min_gap: options.MinGap = MIN_GAP,
    min_turn: options.MinTurn = 0.0,
    commit_lag: Annotated[int, typer.Option(help="Live: a label is final after this many more.")] = COMMIT_LAG,
    config: options.Config = None,
    assignments: options.Assignments = [],  # noqa: B006 -- typer takes the default of a list as a list
    device: options.Device = "auto",
    threads: options.Threads = None,
    json: options.Json = False,
) -> None:
    """Find out who speaks when, in recordings or live.

    With --live, each span of about half a second gets a line {"number", "start", "end", "speaker", "final"}. A later
    line with the same number replaces it.
    """
    args = inference_of(config, assignments)
    if (live is None) == (not audio):
        raise ArgumentError("diarize needs recordings, or --live mic, or --live -")
    if live is not None and (num_speakers is not None or exclusive):
        raise ArgumentError("--num-speakers and --exclusive need the whole recording, but --live has no end")
    if live is not None and channels != "mix":
        raise ArgumentError("--channels needs recordings, but --live hears one channel")
    _require_rttm(out)
    names = _names_of(audio or [])
    labeller, front_end, names_of_system = _system(model, encoder, segmentation, window, device, live is not None)
    if live is not None:
        args = replace(args, commit_lag=commit_lag)
        diarizer = LiveDiarizer(labeller, front_end, rate, inference_args=args)
        blocks = _blocks(live, rate)
        tell(f"{names_of_system}; labels appear at most {diarizer.latency:.1f} s after the end of a span")
        _follow(diarizer, blocks, is_microphone=live == "mic")
        return
    diarization = partial(
        uisrnn_diarize, model=labeller, front_end=front_end, num_speakers=num_speakers, channels=channels,
        exclusive=exclusive, min_gap=min_gap, min_turn=min_turn, inference_args=args,
    )  # fmt: skip
    annotations = {}
    failures = 0
    for name, path in names.items():
        try:
            with warnings_in_one_line():
                annotations[name] = _diarized(path, diarization)
        except (InputError, OSError) as error:  # keep the results of the other recordings
            if len(names) == 1:
                raise
            complain(reason_of(error))
            failures += 1
    _show(annotations, out, json)
    tell(names_of_system)
    if failures:
        raise typer.Exit(1)


def _system(
    model: str | None, encoder: str | None, segmentation: str | None, window: float, device: str, live: bool
) -> tuple[UISRNN, FrontEnd, str]:
    """The chosen model and front end, and a line with their names."""
    given = None if model is None else model_of(model, device)
    part = encoder_for(given, encoder)
    segmentation_of(part.name, segmentation)  # refuse an unknown name before reading a model
    labeller = model_of(part.model, device) if given is None else given
    network_device = None if device == "auto" else device
    front_end = choose_front_end(part.name, segmentation, live=live, window=window, device=network_device)
    names = f"front end {front_end.name}, model {model or part.model}"
    if part is not ENCODERS[0] and encoder is None and model is None:
        names += f" ({ENCODERS[0].name} makes fewer errors: {ENCODERS[0].install})"
    return labeller, front_end, names


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
    """Diarize a recording; copy standard input to a file first, because decoding needs a file that it can seek in."""
    if str(path) != "-":
        return diarization(path)
    with tempfile.NamedTemporaryFile(prefix="stdin") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        try:
            return diarization(Path(file.name))
        except UISRNNError as error:
            raise type(error)(str(error).replace(file.name, "standard input")) from error


def _show(annotations: "dict[str, Annotation]", out: str, json: bool) -> None:
    if json:
        show_json({name: [turn._asdict() for turn in turns_of(value, name)] for name, value in annotations.items()})
    if not json or out not in ("rttm", "-"):
        put_turns(annotations.items(), out)


# --- live ---


def _follow(diarizer: LiveDiarizer, blocks: Iterable[Any], is_microphone: bool) -> None:
    try:
        for block in blocks:
            _tell(diarizer.push(block))
    except KeyboardInterrupt:
        if not is_microphone:  # an interrupt is how a user ends the microphone
            raise
    finally:
        _tell(diarizer.flush())


def _tell(spans: list[Spoken]) -> None:
    for span in spans:
        show_line({**span._asdict(), "start": round(span.start, 3), "end": round(span.end, 3)})


def _blocks(source: str, rate: int) -> Iterator[Any]:
    if source == "mic":
        return microphone(rate, _BLOCK)
    if source == "-":
        return _pcm(sys.stdin.buffer, rate)
    raise ArgumentError(f"--live must be mic or -, but is {source}")


def _pcm(stream: Any, rate: int) -> Iterator[Any]:
    """Blocks of 16-bit little-endian samples, as they arrive."""
    rest = b""
    while content := stream.read1(2 * round(rate * _BLOCK)) if isinstance(stream, io.BufferedReader) else stream.read():
        content = rest + content
        even = len(content) // 2 * 2
        rest = content[even:]
        yield np.frombuffer(content[:even], dtype="<i2")
