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

from train import machine, peak_mb

HOUR = 3600.0
WINDOWS = (0.8, 1.6)
RECENTER = (0.0, 0.5)
SPEECH = ("detected", "reference")
CONDITIONS = [(0.0, False), (0.25, False), (0.0, True), (0.25, True)]


def errors(audio: Path, reference: list[Any]) -> list[dict[str, Any]]:
    """One row a system."""
    import uisrnn
    from uisrnn.audio import KnownSpeech, ResemblyzerEncoder

    speakers = len({turn.speaker for turn in reference})
    rows = []
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
        rows.append(row)
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    """A table of the error rates."""
    names = [name for name in rows[0] if name.startswith("collar")]
    columns = ["window", "speakers given", "recenter", "speech", "speakers found", *(f"DER, {name}" for name in names)]
    print(f"| {' | '.join(columns)} |")
    print("|---" * len(columns) + "|")
    for row in rows:
        figures = " | ".join(f"{row[name]['der']:.1%}" for name in names)
        given = f"{row['window']} s | {row['num_speakers'] or '-'} | {row['recenter']}"
        print(f"| {given} | {row['speech']} | {row['speakers']} | {figures} |")


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
    show(results["errors"])
    with tempfile.TemporaryDirectory() as folder:
        repeated(args.audio, Path(folder) / "hour.wav")
        results["first_call"] = in_a_process(args.audio)
        results["hour"] = in_a_process(Path(folder) / "hour.wav")
    first, hour = results["first_call"], results["hour"]
    results["real_time_factor"] = (hour["seconds"] - first["seconds"]) / (
        hour["audio_seconds"] - first["audio_seconds"]
    )
    print(f"\nfirst call, {first['audio_seconds']:.0f} s of sound: {first['seconds']:.1f} s, {first['peak_mb']:.0f} MB")
    print(f"an hour: {hour['seconds']:.1f} s, {hour['peak_mb']:.0f} MB", end="")
    print(f"; real time factor {results['real_time_factor']:.5f}")
    if args.out:
        args.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
