"""What `diarize(recenter=...)` costs where the channel is the one of training: accuracy on conversations.

    python benchmarks/recenter.py --data folder --out benchmarks/results/recenter.json

The folder holds `dev_w08.npz` and `dev_w16.npz`; see `benchmarks/accuracy.py` for what is in them. Mean accuracy of the
pretrained model, one pass, with the share of the mean that is taken off each conversation.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import uisrnn
from machine import machine
from report import Row, header, percent, show, write
from uisrnn.audio.diarization import recentered

SHARES = (0.0, 0.25, 0.5, 1.0)
FILES = ("dev_w08.npz", "dev_w16.npz")


def accuracy(model: uisrnn.UISRNN, sequences: list[uisrnn.LabeledSequence], share: float) -> float:
    """The mean over sequences."""
    moved = [recentered(one.observations, model, share) for one in sequences]
    found = model.predict(moved, uisrnn.InferenceArguments(test_iteration=1))
    pairs = zip(sequences, found, strict=True)
    return float(np.mean([uisrnn.compute_sequence_match_accuracy(one.labels, labels) for one, labels in pairs]))


def rows(results: dict[str, Any]) -> list[Row]:
    """One a share."""
    shares = [(share, found) for share, found in results.items() if share != "machine"]
    return [
        Row(f"accuracy, recenter={share}", "", ", ".join(f"{name} {percent(one)}" for name, one in found.items()))
        for share, found in shares
    ]


def main() -> None:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder")
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    args = parser.parse_args()
    model = uisrnn.load_pretrained("resemblyzer", uisrnn.ModelArguments(verbosity=0))
    results: dict[str, Any] = {"machine": machine()}
    for share in SHARES:
        results[str(share)] = {name: accuracy(model, uisrnn.load_sequences(args.data / name), share) for name in FILES}
    print(header())
    show(rows(results))
    write(results, args.out)


if __name__ == "__main__":
    main()
