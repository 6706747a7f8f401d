"""Diarization of a recording: error rates, seconds for each hour of sound, and memory.

    python benchmarks/diarize.py --audio call.wav --rttm call.rttm --out benchmarks/results/diarize.json

Errors are those of `uisrnn.diarize` with its defaults, with both windows that the pretrained model knows, without and
with the number of speakers, with and without recentering, and with the speech of the reference instead of a
detector's; the collar is on each side of a boundary of the reference. Time and memory are those of the recording
repeated up to an hour, in one file, in a process of its own; the first call is that of a new process on the recording
itself, with all imports.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from machine import machine, peak_mb
from report import Row, header, percent, show, write

HOUR = 3600.0
WINDOWS = (0.8, 1.6)
RECENTER = (0.0, 0.5)
SPEECH = {"detected": "detected", "reference": "of the reference"}
COLLARS = (0.0, 0.25)
CONDITIONS = [(collar, skip_overlap) for skip_overlap in (False, True) for collar in COLLARS]


def errors(audio: Path, reference: list[Any]) -> list[dict[str, Any]]:
    """One row a system."""
    import uisrnn
    from uisrnn.audio import KnownSpeech, ResemblyzerEncoder

    speakers = len({turn.speaker for turn in reference})
    found_rows = []
    for window, number, share, speech in itertools.product(WINDOWS, (None, speakers), RECENTER, SPEECH):
        found = uisrnn.diarize(
            audio,
            encoder=ResemblyzerEncoder(window),
            num_speakers=number,
            recenter=share,
            voice_activity=KnownSpeech(reference) if speech == "reference" else None,
            verbosity=0,
        )
        row = {"window": window, "num_speakers": number, "recenter": share, "speech": speech}
        row["speakers"] = len(found.labels())
        for collar, skip_overlap in CONDITIONS:
            conditions: dict[str, Any] = {"collar": collar, "skip_overlap": skip_overlap}
            total = uisrnn.evaluate({"audio": reference}, {"audio": found}, **conditions).total
            name = f"collar {collar:g}, overlap {'left out' if skip_overlap else 'evaluated'}"
            row[name] = {key: total.value(key) for key in ("der", "missed", "false_alarm", "confusion")}
        found_rows.append(row)
    return found_rows


def rows(results: dict[str, Any]) -> list[Row]:
    """One a system, and time and memory."""
    return [*map(error_row, results["errors"]), *cost_rows(results)]


def error_row(found: dict[str, Any]) -> Row:
    """Error rates of one system, with overlap."""
    given = "number of speakers given" if found["num_speakers"] else "number of speakers not given"
    case = f"windows of {found['window']} s, {given}, recenter {found['recenter']}, speech {SPEECH[found['speech']]}"
    rates = [percent(found[f"collar {collar:g}, overlap evaluated"]["der"]) for collar in COLLARS]
    return Row(case, "", f"DER {rates[0]}, with a collar of {COLLARS[1]} s {rates[1]}")


def cost_rows(results: dict[str, Any]) -> list[Row]:
    """Of the first call, and of the hour."""
    found = [
        Row(f"{name}, {one['audio_seconds']:.0f} s of sound", "", f"{one['seconds']:.1f} s, {one['peak_mb']:.0f} MB")
        for name, one in (("first call", results["first_call"]), ("a long recording", results["hour"]))
    ]
    return [*found, Row("real time factor", "", f"{results['real_time_factor']:.5f}")]


def repeated(audio: Path, target: Path) -> None:
    """A file of an hour."""
    import soundfile

    waveform, rate = soundfile.read(audio, dtype="int16", always_2d=True)
    with soundfile.SoundFile(target, "w", rate, waveform.shape[1], subtype="PCM_16") as file:
        for _ in range(int(np.ceil(HOUR * rate / len(waveform)))):
            file.write(waveform)


def measure(audio: Path) -> dict[str, float]:
    """Seconds and memory of one call in this process, from the import on."""
    start = time.perf_counter()
    import soundfile
    import torch

    import uisrnn
    from uisrnn.audio import ResemblyzerEncoder

    uisrnn.diarize(audio, encoder=ResemblyzerEncoder(WINDOWS[0]), verbosity=0)
    return {
        "seconds": time.perf_counter() - start,
        "audio_seconds": soundfile.info(audio).duration,
        "peak_mb": peak_mb(),
        "threads": torch.get_num_threads(),
    }


def in_a_process(audio: Path) -> dict[str, float]:
    """`measure` in a new process."""
    command = [sys.executable, __file__, "--measure", str(audio)]
    return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def main() -> None:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--audio", type=Path, help="a recording")
    parser.add_argument("--rttm", type=Path, help="its turns")
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure)))
        return
    if not args.audio or not args.rttm:
        parser.error("--audio and --rttm are needed")

    import uisrnn

    (reference,) = uisrnn.read_rttm(args.rttm).values()
    results: dict[str, Any] = {"machine": machine(), "recording": args.audio.name}
    results["errors"] = errors(args.audio, list(reference))
    print(header())
    show(map(error_row, results["errors"]))
    with tempfile.TemporaryDirectory() as folder:
        repeated(args.audio, Path(folder) / "hour.wav")
        results["first_call"] = in_a_process(args.audio)
        results["hour"] = in_a_process(Path(folder) / "hour.wav")
    first, hour = results["first_call"], results["hour"]
    results["real_time_factor"] = (hour["seconds"] - first["seconds"]) / (
        hour["audio_seconds"] - first["audio_seconds"]
    )
    show(cost_rows(results))
    write(results, args.out)


if __name__ == "__main__":
    main()
