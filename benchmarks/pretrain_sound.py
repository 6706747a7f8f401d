"""Build the model of the package for the front end of CAM++ and segmentation-3.0 from composed sound, and measure it.

    make pretrained-sound VOICES=folder TURNS=folder

VOICES is a folder of recordings of single speakers with a manifest.csv, see `uisrnn simulate --audio`, whose column
`split` says which voices are for training and which for the figures. TURNS is a folder with RTTM files of real
meetings; the last fifth of the files of each folder in it is kept for the figures.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from machine import machine
from report import Row, header, percent, show, write

MODEL = Path(__file__).parent.parent / "src" / "uisrnn" / "pretrained" / "campplus.uisrnn"
NUMBER, SECONDS = 130, 100.0
DEV_NUMBER = 20
FARTHEST_EDGE = 0.5  # seconds; an edge of a turn with no found edge nearer than that was not found
CHANNELS = {
    "all channels": {"clean": 5 / 12, "mu-law": 1 / 6, "a-law": 1 / 6, "narrow": 1 / 12, "mp3": 1 / 12, "opus": 1 / 12},
    "wide band": {"clean": 1.0},
    "telephone": {"mu-law": 0.5, "a-law": 0.5},
}


def turn_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """RTTM files to train on and to measure with: of each folder the first four fifths and the last fifth."""
    train: list[Path] = []
    measured: list[Path] = []
    for place in sorted({path.parent for path in folder.rglob("*.rttm")}):
        files = sorted(place.glob("*.rttm"))
        cut = len(files) * 4 // 5
        train += files[:cut]
        measured += files[cut:]
    return train, measured


def conversations(turns: list[Path], voices: Any, number: int, channels: dict[str, float], seed: int) -> Iterator[Any]:
    """Composed conversations, in a random order of the files."""
    from uisrnn.audio import compose

    order = np.random.default_rng(seed).permutation(len(turns))[:number]
    chosen = [turns[place] for place in order]
    return compose(chosen, voices, number=number, max_seconds=SECONDS, channels=channels, seed=seed)


def observed(made: Any) -> list[Any]:
    """Labelled sequences of composed conversations."""
    import uisrnn.audio

    sequences = []
    for composed in made:
        audio = composed.waveform, composed.rate
        try:
            sequences.append(replace(uisrnn.audio.embed(audio, turns=composed.turns, verbosity=0), name=composed.name))
        except uisrnn.InputError as error:  # a stretch of turns too short to be heard
            print(f"{composed.name}: {error}")
    return sequences


def train(sequences: list[Any]) -> Any:
    """The model, which remembers its front end."""
    import uisrnn

    clusterer = uisrnn.UISRNNClusterer(observation_model="plda", discriminative_iteration=150, seed=0)
    clusterer.fit(sequences)
    return clusterer.model_


def errors(made: Any, model: Any) -> dict[str, float]:
    """Error rates without collar, overlap scored."""
    import uisrnn

    references: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for number, composed in enumerate(made):
        name = str(number)
        references[name] = composed.turns
        found[name] = uisrnn.diarize((composed.waveform, composed.rate), model=model, verbosity=0)
    total = uisrnn.evaluate(references, found).total
    rates = {key: float(total.value(key)) for key in ("der", "missed", "false_alarm", "confusion")}
    speakers = [abs(len({t.speaker for t in references[name]}) - len(found[name].labels())) for name in references]
    edges = np.concatenate([edge_errors(references[name], found[name]) for name in references])
    near = edges[edges < FARTHEST_EDGE]
    return {
        **rates,
        "speakers_off_by": float(np.mean(speakers)),
        "edges_found": len(near) / len(edges),
        "median_edge_error": float(np.median(near)),
    }


def edge_errors(reference: Any, found: Any) -> Any:
    """Seconds from each start and end of a turn, short pauses closed, to the nearest start or end that was found."""
    from uisrnn.audio.diarization import MIN_GAP
    from uisrnn.turns.smoothing import smoothed

    reference = smoothed(reference, MIN_GAP, 0.0)
    segments = [segment for segment, _ in found.itertracks()]
    distances = []
    for wanted, there in (
        ([turn.start for turn in reference], [segment.start for segment in segments]),
        ([turn.end for turn in reference], [segment.end for segment in segments]),
    ):
        distances.append(np.abs(np.subtract.outer(wanted, there)).min(axis=1) if there else np.zeros(0))
    return np.concatenate(distances)


def rows(results: dict[str, Any]) -> list[Row]:
    """A row for each set of channels."""
    return [
        Row(
            name,
            "",
            f"DER {percent(found['der'])}, confusion {percent(found['confusion'])}, "
            f"{percent(found['edges_found'])} of edges found, median error {1000 * found['median_edge_error']:.0f} ms",
        )
        for name, found in results["sets"].items()
    ]


def main() -> None:
    """Compose, train, save, and measure on voices and turns that were not trained on."""
    from uisrnn.audio import find_voices

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voices", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--turns", type=Path, required=True, help="folder with RTTM files")
    parser.add_argument("--number", type=int, default=NUMBER, help="conversations to train on")
    parser.add_argument("--keep", type=Path, help="file for the observations that were trained on, .npz")
    parser.add_argument("--out", type=Path, help="file for the figures, JSON")
    args = parser.parse_args()

    import uisrnn

    train_turns, measured_turns = turn_files(args.turns)
    train_voices, other_voices = (find_voices(args.voices, split=split) for split in ("train", "dev"))
    sequences = observed(conversations(train_turns, train_voices, args.number, CHANNELS["all channels"], seed=0))
    if args.keep:
        uisrnn.save_sequences(args.keep, sequences)
    model = train(sequences)
    model.save(MODEL)
    results: dict[str, Any] = {"machine": machine(), "bytes": MODEL.stat().st_size, "conversations": len(sequences)}
    results["sets"] = {
        name: errors(conversations(measured_turns, other_voices, DEV_NUMBER, channels, seed=1), model)
        for name, channels in CHANNELS.items()
    }
    print(header())
    show(rows(results))
    write(results, args.out)


if __name__ == "__main__":
    main()
