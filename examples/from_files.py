"""Data from files and to files: npz, Parquet, JSON lines, and labels from RTTM; nothing gets lost on the way.

python examples/from_files.py
"""

import tempfile
from pathlib import Path

import numpy as np

import uisrnn


def call(number, voices, generator):
    """Embeddings with times, and who really spoke when, as it comes out of an encoder and an annotation."""
    turns, time = [], 0.0
    for speaker in generator.permutation([0, 1, 0, 1, 2]):
        seconds = generator.uniform(2, 5)
        turns.append((time, time + seconds, f"speaker{speaker}"))
        time += seconds
    times = np.arange(0.4, time - 0.4, 0.4)
    who = [next(int(name[-1]) for start, end, name in turns if start <= one < end) for one in times]
    x = voices[who] + 0.3 * generator.normal(size=(len(times), voices.shape[1]))
    return uisrnn.LabeledSequence(x, times=times, name=f"call{number}", info={"city": "Graz"}), turns


def main():
    """Write, read, convert, label, predict."""
    generator = np.random.default_rng(0)
    calls = [call(number, generator.normal(size=(3, 16)), generator) for number in range(20)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        uisrnn.save_sequences(folder / "calls.npz", [one for one, _ in calls])
        uisrnn.write_rttm(folder / "calls.rttm", {one.name: turns for one, turns in calls}, decimals=3)

        labelled = uisrnn.load_sequences(folder / "calls.npz", rttm=folder / "calls.rttm")
        print(f"labels by who speaks at each time: {sorted(set(labelled[0].labels))}")

        for suffix in ("parquet", "jsonl", "npz"):
            uisrnn.save_sequences(folder / f"labelled.{suffix}", labelled)
            again = uisrnn.load_sequences(folder / f"labelled.{suffix}")
            same = all(
                np.array_equal(one.observations, other.observations) and one.labels == other.labels
                for one, other in zip(labelled, again, strict=True)
            )
            print(f"{suffix}: {len(again)} sequences, as they were: {same and again[3].info == labelled[3].info}")

        model = uisrnn.UISRNN(uisrnn.ModelArguments("plda", observation_dim=16, crp_alpha=None, seed=0, verbosity=1))
        model.fit(labelled[:15])
        found = model.predict(labelled[15:], uisrnn.InferenceArguments(test_iteration=1))
        turns = {
            one.name: uisrnn.to_turns(ids, one.times, min_turn=0.5)
            for one, ids in zip(labelled[15:], found, strict=True)
        }
        uisrnn.write_rttm(folder / "found.rttm", turns, decimals=3)
        reference = uisrnn.read_rttm(folder / "calls.rttm")
        print(uisrnn.evaluate({name: reference[name] for name in turns}, uisrnn.read_rttm(folder / "found.rttm")))


if __name__ == "__main__":
    main()
