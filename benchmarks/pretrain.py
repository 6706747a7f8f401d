"""Build the pretrained model for d-vectors of Resemblyzer, and measure it.

    make pretrained DATA=folder

The folder holds train_w08.npz, train_w16.npz, dev_w08.npz and dev_w16.npz; `accuracy.py` describes their content.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from accuracy import Data, accuracy_of, judged
from machine import machine
from report import Row, header, show, write

NAMES = ("w08", "w16")
MODEL = Path(__file__).parent.parent / "src" / "uisrnn" / "pretrained" / "resemblyzer.uisrnn"


def rows(results: dict[str, Any]) -> list[Row]:
    """A row for each set, and a row for the size of the file."""
    accuracies = [Row(f"accuracy, {name}", "", accuracy_of(figures)) for name, figures in results["sets"].items()]
    return [*accuracies, Row("its file", "", f"{results['bytes']} bytes")]


def main() -> None:
    """Train on both window lengths together, save the model, and measure it on both window lengths."""
    import uisrnn

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the conversations")
    parser.add_argument("--out", type=Path, help="file for the figures, JSON")
    args = parser.parse_args()
    train = [Data(args.data / f"train_{name}.npz") for name in NAMES]
    clusterer = uisrnn.UISRNNClusterer(seed=0)
    clusterer.fit([x for data in train for x in data.sequences], [labels for data in train for labels in data.labels])
    clusterer.model_.save(MODEL)
    model = uisrnn.load_pretrained("resemblyzer")
    one_pass = uisrnn.InferenceArguments(test_iteration=1)
    results: dict[str, Any] = {"machine": machine(), "bytes": MODEL.stat().st_size, "sets": {}}
    for name in NAMES:
        row = judged(Data(args.data / f"dev_{name}.npz"), lambda x: model.predict(x, one_pass), 0.0)
        row["share_of_conversations_without_error"] = float(np.mean(np.array(row.pop("each")) == 1))
        results["sets"][name] = row
    print(header())
    show(rows(results))
    write(results, args.out)


if __name__ == "__main__":
    main()
