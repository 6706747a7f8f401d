"""Label observations while they come: what a label is now, when it is final, and going on in another process.

python examples/stream.py
"""

import numpy as np

import uisrnn


def conversation(turns, voices, generator):
    """An observation for each turn."""
    return voices[turns] + 0.25 * generator.normal(size=(len(turns), voices.shape[1]))


def main():
    """Push observations one at a time; stop in the middle and go on."""
    generator = np.random.default_rng(0)
    voices = generator.normal(size=(30, 8))
    labels = [np.repeat(generator.permutation(26)[:3].repeat(2), generator.integers(2, 9, 6)) for _ in range(40)]
    model = uisrnn.UISRNN(uisrnn.ModelArguments("plda", observation_dim=8, crp_alpha=None, seed=0, verbosity=1))
    model.fit([conversation(one, voices, generator) for one in labels], labels)

    turns = [26] * 4 + [27] * 5 + [26] * 3 + [28] * 4  # none of these was met in training
    observations = conversation(turns, voices, generator)
    stream = model.stream(uisrnn.InferenceArguments(commit_lag=3))
    for number, x in enumerate(observations[:10]):
        update = stream.push(x)
        print(f"observation {number}: label {update.label}, final {update.final}, changed {update.changed}")

    snapshot = stream.snapshot()
    print(f"a snapshot of {len(snapshot)} bytes; elsewhere:")
    later = uisrnn.Stream.restore(model, snapshot)
    print("the next six:", later.push(observations[10:]).labels)
    print("at the end all are final:", later.flush().final)


if __name__ == "__main__":
    main()
