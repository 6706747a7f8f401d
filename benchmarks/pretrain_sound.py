"""Build the pretrained model for the front end of CAM++ and segmentation-3.0 from composed sound, and measure it.

    make pretrained-sound VOICES=folder TURNS=folder

VOICES is a folder of recordings of single speakers with a manifest.csv, see `uisrnn simulate --audio`. Its column
`split` divides the voices into training ("train") and measurement ("dev"). TURNS is a folder with RTTM files of real
meetings; in each of its subfolders, the last fifth of the files is for the measurement.
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
NUMBER = 130
SECONDS = 100.0
DEV_NUMBER = 20
FARTHEST_EDGE = 0.5  # seconds; an edge of a turn counts as found if an edge of the hypothesis is nearer
CHANNELS = {
    "all channels": {"clean": 5 / 12, "mu-law": 1 / 6, "a-law": 1 / 6, "narrow": 1 / 12, "mp3": 1 / 12, "opus": 1 / 12},
    "wide band": {"clean": 1.0},
    "telephone": {"mu-law": 0.5, "a-law": 0.5},
}


def turn_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """RTTM files for training and for the measurement: the first four fifths and the last fifth of each folder."""
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
    chosen = [turns[number] for number in order]
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
    """Train the model, which stores the name of its front end."""
    import uisrnn

    clusterer = uisrnn.UISRNNClusterer(observation_model="plda", discriminative_iteration=150, seed=0)
    clusterer.fit(sequences)
    return clusterer.model_


def errors(made: Any, model: Any) -> dict[str, float]:
    """The error rates of a model on composed conversations, without a collar and with overlap."""
    import uisrnn

    references: dict[str, Any] = {}
    hypotheses: dict[str, Any] = {}
    for number, composed in enumerate(made):
        name = str(number)
        references[name] = composed.turns
        hypotheses[name] = uisrnn.diarize((composed.waveform, composed.rate), model=model, verbosity=0)
    total = uisrnn.evaluate(references, hypotheses).total
    rates = {key: float(total.value(key)) for key in ("der", "missed", "false_alarm", "confusion")}
    speakers = [
        abs(len({turn.speaker for turn in references[name]}) - len(hypotheses[name].labels())) for name in references
    ]
    edges = np.concatenate([edge_errors(references[name], hypotheses[name]) for name in references])
    near = edges[edges < FARTHEST_EDGE]
    return {
        **rates,
        "speakers_off_by": float(np.mean(speakers)),
        "edges_found": len(near) / len(edges),
        "median_edge_error": float(np.median(near)),
    }


def edge_errors(reference: Any, hypothesis: Any) -> Any:
    """Seconds from each start (end) of a turn to the nearest start (end) in the hypothesis; short pauses are closed."""
    from uisrnn.audio.diarization import MIN_GAP
    from uisrnn.turns.smoothing import smoothed

    reference = smoothed(reference, MIN_GAP, 0.0)
    segments = [segment for segment, _ in hypothesis.itertracks()]
    distances = []
    for true_edges, found_edges in (
        ([turn.start for turn in reference], [segment.start for segment in segments]),
        ([turn.end for turn in reference], [segment.end for segment in segments]),
    ):
        differences = np.abs(np.subtract.outer(true_edges, found_edges))
        distances.append(differences.min(axis=1) if found_edges else np.zeros(0))
    return np.concatenate(distances)


def rows(results: dict[str, Any]) -> list[Row]:
    """A row for each set of channels."""
    return [
        Row(
            name,
            "",
            f"DER {percent(figures['der'])}, confusion {percent(figures['confusion'])}, "
            f"{percent(figures['edges_found'])} of edges found, "
            f"median error {1000 * figures['median_edge_error']:.0f} ms",
        )
        for name, figures in results["sets"].items()
    ]


def main() -> None:
    """Compose, train, save, and measure on other voices and turns."""
    from uisrnn.audio import find_voices

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voices", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--turns", type=Path, required=True, help="folder with RTTM files")
    parser.add_argument("--number", type=int, default=NUMBER, help="conversations to train on")
    parser.add_argument("--keep", type=Path, help="file for the training data, .npz")
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
