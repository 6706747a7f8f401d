"""Diarization of a folder of recordings, offline and live, beside the package senko: errors, seconds and memory.

    make bench-recordings RECORDINGS=folder

The folder holds recordings in any format that this library reads, each beside its turns: NAME.wav and NAME.rttm. All
recordings are first converted to wav files of 16 kHz, a single channel and 16 bits, because senko reads only these; the
time of the conversion is not counted. Each system runs with its defaults in a separate process, which loads the system
once and takes all recordings; systems run in turn in each round. "Live" gets the sound in blocks of 0.1 s. Its first
result has the labels 1 s after the sound (later labels count as missed), its second result has the final labels.

Overlap is evaluated, without a collar and with a collar of 0.25 s on each side of a boundary of the reference. Totals
are ratios of sums over recordings. With --hours, each system except "live", whose cost per second is constant, also
takes a long file, in which all recordings follow each other and repeat. Only time and memory are measured on it.
"""

import argparse
import importlib.metadata
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from diarizers import LATENCY, OFFLINE, PEER, RATE, SYSTEMS, work
from machine import machine
from report import Row, header, percent, show, write

COLLARS = (0.0, 0.25)  # seconds on each side of a boundary
FIGURES = {"DER": "der", "JER": "jer", "missed": "missed", "false alarm": "false_alarm", "confusion": "confusion"}
RATIOS = {"DER": "der", "confusion": "confusion"}  # figures that are divided by the figures of the peer
HOUR = 3600  # seconds
LIVE_SYSTEM = "live"
"""The system that does not take the long recording."""
ERROR_TARGETS = {(OFFLINE, "collar 0"): "at most 0.8 x the DER, at most 0.5 x the confusion"}
COST_TARGETS = {OFFLINE: "at most 0.5 x the time, under 600 MB", LIVE_SYSTEM: "under 0.33 of a core in real time"}


def pairs(folder: Path) -> dict[str, tuple[Path, Path]]:
    """The recording and the RTTM file of each name.

    Raises:
        FileNotFoundError: there is no RTTM file, or an RTTM file has no recording beside it.
    """
    files = {}
    for rttm in sorted(folder.glob("*.rttm")):
        recordings = [path for path in sorted(folder.glob(f"{rttm.stem}.*")) if path != rttm]
        if not recordings:
            raise FileNotFoundError(f"{rttm}: needs a recording of the same name beside it, but there is none")
        files[rttm.stem] = (recordings[0], rttm)
    if not files:
        raise FileNotFoundError(f"{folder}: needs recordings beside RTTM files, but has no RTTM file")
    return files


def reference(rttm: Path) -> Any:
    """The turns in an RTTM file of a single recording."""
    import uisrnn

    (turns,) = uisrnn.read_rttm(rttm).values()
    return turns


def converted(audio: Path, target: Path) -> None:
    """Write a recording as a wav file of 16 kHz, a single channel and 16 bits."""
    import soundfile

    from uisrnn.audio.sources.opening import recording

    with soundfile.SoundFile(target, "w", RATE, 1, subtype="PCM_16") as file:
        for block in recording(audio).blocks(RATE):
            file.write(np.clip(block, -1, 1))


def one_after_another(parts: list[Path], seconds: float, target: Path) -> None:
    """Write recordings into a single file, and repeat them until the file has this length."""
    import soundfile

    samples = np.concatenate([soundfile.read(part, dtype="int16")[0] for part in parts])
    soundfile.write(target, np.resize(samples, round(seconds * RATE)), RATE, subtype="PCM_16")


def duration(audio: Path) -> float:
    """Seconds of a wav file."""
    import soundfile

    return float(soundfile.info(audio).duration)


def in_a_process(system: str, recordings: list[Path], peer: Path | None) -> dict[str, Any]:
    """The result of `work` in a new process, with the seconds of the process; only the peer gets the folder `peer`."""
    folders = [str(peer)] * (system == PEER) + [os.environ.get("PYTHONPATH", "")]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, folders)))
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, __file__, "--work", system, "--out", str(answer), *map(str, recordings)]
        start = time.perf_counter()
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        return {"process_seconds": time.perf_counter() - start, **json.loads(answer.read_bytes())}


def errors(references: Mapping[str, Any], turns: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a result by the collar, in total and for each recording."""
    import uisrnn

    hypotheses = {name: uisrnn.to_annotation(turns[name]) for name in references}
    evaluations = [uisrnn.evaluate(references, hypotheses, collar=collar) for collar in COLLARS]
    return {f"collar {evaluation.collar:g}": evaluation.to_dict() for evaluation in evaluations}


def cost(answers: list[dict[str, Any]], audio_seconds: float) -> dict[str, Any]:
    """The median time and the largest memory of a system over rounds."""
    rounds = [
        {
            "process_seconds": answer["process_seconds"],
            "load_seconds": answer["load_seconds"],
            "work_seconds": sum(answer["seconds"].values()),
            "work_cpu_seconds": sum(answer["cpu_seconds"].values()),
            "peak_mb": answer["peak_mb"],
        }
        for answer in answers
    ]
    medians = {name: statistics.median(figures[name] for figures in rounds) for name in rounds[0]}
    return {
        **medians,
        "peak_mb": max(figures["peak_mb"] for figures in rounds),
        "audio_seconds": audio_seconds,
        "cores": medians["work_cpu_seconds"] / audio_seconds,
        "rounds": rounds,
    }


def compare(systems: list[str], audio: list[Path], rounds: int, peer: Path | None) -> dict[str, list[dict[str, Any]]]:
    """The answers of each system in each round; all systems run in turn."""
    answers: dict[str, list[dict[str, Any]]] = {system: [] for system in systems}
    for _ in range(rounds):
        for system in systems:
            answers[system].append(in_a_process(system, audio, peer))
    return answers


def measure_folder(
    recordings: Mapping[str, tuple[Path, Path]], audio: list[Path], systems: list[str], rounds: int, peer: Path | None
) -> dict[str, Any]:
    """Errors, time and memory of all systems on recordings; `audio` are their wav files."""
    references = {name: reference(rttm) for name, (_, rttm) in recordings.items()}
    answers = compare(systems, audio, rounds, peer)
    turns = {name: turns for first, *_ in answers.values() for name, turns in first["turns"].items()}
    seconds = {path.stem: duration(path) for path in audio}
    return {
        "recordings": seconds,
        "errors": {name: errors(references, turns[name]) for name in turns},
        "costs": {system: cost(rounds_of, sum(seconds.values())) for system, rounds_of in answers.items()},
        "turns": turns,
    }


def measure(folder: Path, systems: list[str], rounds: int, hours: float, peer: Path | None) -> dict[str, Any]:
    """All figures of a folder."""
    recordings = pairs(folder)
    with tempfile.TemporaryDirectory() as temporary:
        audio = [Path(temporary) / f"{name}.wav" for name in recordings]
        for (source, _), target in zip(recordings.values(), audio, strict=True):
            converted(source, target)
        results = measure_folder(recordings, audio, systems, rounds, peer)
        if hours:
            long = Path(temporary) / "one_after_another.wav"
            one_after_another(audio, hours * HOUR, long)
            answers = compare([system for system in systems if system != LIVE_SYSTEM], [long], 1, peer)
            results["long"] = {system: cost(rounds_of, hours * HOUR) for system, rounds_of in answers.items()}
    return results


def rows(results: dict[str, Any]) -> list[Row]:
    """Rows for the errors of each result, then rows for the time and memory of each system."""
    recordings = results["recordings"]
    folder = f"{len(recordings)} recordings, {sum(recordings.values()):.0f} s"
    table = [
        error_row(f"{folder}, collar {collar:g} s: {name}", name, f"collar {collar:g}", results["errors"])
        for collar in COLLARS
        for name in without_peer(results["errors"])
    ]
    table += [cost_row(f"{folder}: {name}", name, results["costs"]) for name in without_peer(results["costs"])]
    long = results.get("long", {})
    return table + [
        cost_row(f"one recording, {long[name]['audio_seconds']:.0f} s: {name}", name, long, COST_TARGETS.get(name, ""))
        for name in without_peer(long)
    ]


def without_peer(results: Mapping[str, Any]) -> list[str]:
    """The names that have a row; the peer has a row only if no other system was run."""
    return [name for name in results if name != PEER] or list(results)


def error_row(case: str, name: str, collar: str, errors: Mapping[str, Any]) -> Row:
    """The row of a result, beside the peer if it was run."""
    peer = errors[PEER][collar]["total"] if PEER in errors else None
    peer_text = f"{PEER}: {rates(peer)}" if peer else ""
    if name == PEER:
        return Row(case, peer_text, "")
    here = errors[name][collar]["total"]
    ratios = [f"{quotient(here, peer, key)} x the {title}" for title, key in RATIOS.items()] if peer else []
    return Row(case, peer_text, rates(here), ", ".join(ratios), ERROR_TARGETS.get((name, collar), ""))


def quotient(here: Mapping[str, Any], peer: Mapping[str, Any], figure: str) -> str:
    """The ratio as text: "0.80"; "-" if the figure of the peer is 0."""
    return f"{here[figure] / peer[figure]:.2f}" if peer[figure] else "-"


def rates(total: Mapping[str, Any]) -> str:
    """Error rates as text: "DER 12.0 %, ..., 20 speakers instead of 18, 0.50 off a recording"."""
    shares = ", ".join(f"{title} {percent(total[key])}" for title, key in FIGURES.items())
    speakers = f"{total['hypothesis_speakers']:.0f} speakers instead of {total['reference_speakers']:.0f}"
    return f"{shares}, {speakers}, {total['speaker_count_error']:.2f} off a recording"


def cost_row(case: str, name: str, costs: Mapping[str, Any], target: str = "") -> Row:
    """The row of a system, beside the peer if it was run."""
    peer = costs.get(PEER)
    peer_text = f"{PEER}: {time_and_memory(peer)}" if peer else ""
    if name == PEER:
        return Row(case, peer_text, "")
    here = costs[name]
    ratio = f"{here['work_seconds'] / peer['work_seconds']:.3f} x the time once loaded" if peer else ""
    return Row(case, peer_text, time_and_memory(here), ratio, target)


def time_and_memory(figures: Mapping[str, Any]) -> str:
    """Time and memory as text: "12.0 s, of which 3.0 s once loaded (0.05 of a core in real time), 600 MB"."""
    return (
        f"{figures['process_seconds']:.1f} s, of which {figures['work_seconds']:.1f} s once loaded "
        f"({figures['cores']:.3f} of a core in real time), {figures['peak_mb']:.0f} MB"
    )


def peer_version(peer: Path) -> str:
    """The version of senko in a folder."""
    (distribution,) = importlib.metadata.distributions(name=PEER, path=[str(peer)])
    return distribution.version


def main() -> None:
    """Measure all systems."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, help="folder with recordings and their RTTM files")
    parser.add_argument("--peer", type=Path, help="folder with the package senko; without it, senko is left out")
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), help="systems to run")
    parser.add_argument("--rounds", type=int, default=1, help="how often each system takes the folder")
    parser.add_argument("--hours", type=float, default=0.0, help="length of the long recording; 0: none")
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    parser.add_argument("--work", choices=SYSTEMS, help=argparse.SUPPRESS)
    parser.add_argument("wavs", nargs="*", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        args.out.write_text(json.dumps(work(args.work, args.wavs)))  # not `write`: it would load this library
        return
    if not args.recordings or not args.recordings.is_dir():
        parser.error("--recordings must be a folder with recordings beside RTTM files")
    if args.peer and not (args.peer / "senko").is_dir():
        parser.error("--peer must be a folder that holds the package senko")
    systems = [name for name in args.only if name != PEER or args.peer]
    if not systems:
        parser.error("--only senko needs --peer")
    place = machine() | ({PEER: peer_version(args.peer)} if PEER in systems else {})
    measured = measure(args.recordings, systems, args.rounds, args.hours, args.peer and args.peer.resolve())
    results = {"machine": place, "latency": LATENCY, "rounds": args.rounds, **measured}
    print(header())
    show(rows(results))
    write(results, args.out)


if __name__ == "__main__":
    main()
