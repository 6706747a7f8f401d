"""Label observations while they come: provisional labels, final labels, and continuation in another process.

python examples/stream.py
"""

import numpy as np

import uisrnn


def conversation(turns, voices, generator):
    """An observation for each turn."""
    return voices[turns] + 0.25 * generator.normal(size=(len(turns), voices.shape[1]))


def main():
    """Push observations, stop in the middle, and continue from a snapshot."""
    generator = np.random.default_rng(0)
    voices = generator.normal(size=(30, 8))
    labels = [np.repeat(generator.permutation(26)[:3].repeat(2), generator.integers(2, 9, 6)) for _ in range(40)]
    model = uisrnn.UISRNN(uisrnn.ModelArguments("plda", observation_dim=8, crp_alpha=None, seed=0, verbosity=1))
    model.fit([conversation(speakers, voices, generator) for speakers in labels], labels)

    turns = [26] * 4 + [27] * 5 + [26] * 3 + [28] * 4  # these speakers are not in the training data
    observations = conversation(turns, voices, generator)
    stream = model.stream(uisrnn.InferenceArguments(commit_lag=3))
    for number, x in enumerate(observations[:10]):
        update = stream.push(x)
        print(f"observation {number}: label {update.label}, final {update.final}, changed {update.changed}")

    snapshot = stream.snapshot()
    print(f"a snapshot of {len(snapshot)} bytes, restored:")
    restored = uisrnn.Stream.restore(model, snapshot)
    print("labels of the next six observations:", restored.push(observations[10:]).labels)
    print("final labels at the end:", restored.flush().final)


if __name__ == "__main__":
    main()
