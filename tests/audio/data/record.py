"""Makes sample.npz from the recording; see README.md."""

import sys
from pathlib import Path

import numpy as np

import uisrnn
import uisrnn.audio.spans
from uisrnn.audio import ResemblyzerEncoder, WebRTCActivity, WindowedFrontEnd


def united(spans: list[list[float]]) -> np.ndarray:
    """(S, 2) spans that touch as one span."""
    turns = uisrnn.audio.spans.turns_of_spans(["speech"] * len(spans), np.array(spans), min_gap=0.0, min_turn=0.0)
    return np.array([(turn.start, turn.end) for turn in turns])


def record(audio: Path, target: Path) -> None:
    arrays = {}
    for window in (0.8, 1.6):
        encoder = ResemblyzerEncoder(window)
        sequence = uisrnn.audio.embed(audio, WindowedFrontEnd(encoder, WebRTCActivity()))
        arrays[f"{window}/observations"] = sequence.observations
        arrays[f"{window}/times"] = sequence.times
        arrays[f"{window}/window"] = encoder.window
        arrays["speech"] = united(sequence.info["spans"])
    np.savez_compressed(target, **arrays)


if __name__ == "__main__":
    record(*map(Path, sys.argv[1:]))
