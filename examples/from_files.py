"""Read and write sequences: npz, Parquet, JSON lines, and labels from RTTM. No format loses anything.

python examples/from_files.py
"""

import tempfile
from pathlib import Path

import numpy as np

import uisrnn


def call(number, voices, generator):
    """Embeddings with times, as an encoder gives them, and turns, as an annotation gives them."""
    turns = []
    time = 0.0
    for speaker in generator.permutation([0, 1, 0, 1, 2]):
        seconds = generator.uniform(2, 5)
        turns.append((time, time + seconds, f"speaker{speaker}"))
        time += seconds
    times = np.arange(0.4, time - 0.4, 0.4)
    speakers = [next(int(name[-1]) for start, end, name in turns if start <= time < end) for time in times]
    x = voices[speakers] + 0.3 * generator.normal(size=(len(times), voices.shape[1]))
    return uisrnn.LabeledSequence(x, times=times, name=f"call{number}", info={"city": "Graz"}), turns


def main():
    """Write, read, convert, label, predict."""
    generator = np.random.default_rng(0)
    calls = [call(number, generator.normal(size=(3, 16)), generator) for number in range(20)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        uisrnn.save_sequences(folder / "calls.npz", [sequence for sequence, _ in calls])
        uisrnn.write_rttm(folder / "calls.rttm", {sequence.name: turns for sequence, turns in calls}, decimals=3)

        labelled = uisrnn.load_sequences(folder / "calls.npz", rttm=folder / "calls.rttm")
        print(f"labels from the turns: {sorted(set(labelled[0].labels))}")

        for suffix in ("parquet", "jsonl", "npz"):
            uisrnn.save_sequences(folder / f"labelled.{suffix}", labelled)
            again = uisrnn.load_sequences(folder / f"labelled.{suffix}")
            same = all(
                np.array_equal(before.observations, after.observations) and before.labels == after.labels
                for before, after in zip(labelled, again, strict=True)
            )
            print(f"{suffix}: {len(again)} sequences, unchanged: {same and again[3].info == labelled[3].info}")

        model = uisrnn.UISRNN(uisrnn.ModelArguments("plda", observation_dim=16, crp_alpha=None, seed=0, verbosity=1))
        model.fit(labelled[:15])
        predicted = model.predict(labelled[15:], uisrnn.InferenceArguments(test_iteration=1))
        turns = {
            sequence.name: uisrnn.to_turns(ids, sequence.times, min_turn=0.5)
            for sequence, ids in zip(labelled[15:], predicted, strict=True)
        }
        uisrnn.write_rttm(folder / "predicted.rttm", turns, decimals=3)
        reference = uisrnn.read_rttm(folder / "calls.rttm")
        print(uisrnn.evaluate({name: reference[name] for name in turns}, uisrnn.read_rttm(folder / "predicted.rttm")))


if __name__ == "__main__":
    main()
