"""Tune the parameters of decoding, on a few labelled sequences that differ from the training data.

python examples/tune.py
"""

import numpy as np

import uisrnn

DIM = 8


def sequence(places, noise, generator):
    """Six turns of three clusters."""
    labels = np.repeat(generator.permutation(len(places))[:3].repeat(2), generator.integers(3, 9, 6))
    return places[labels] + noise * generator.normal(size=(len(labels), DIM)), labels


def accuracy(model, sequences, args):
    """The mean accuracy over sequences."""
    predicted = model.predict([x for x, _ in sequences], args)
    return np.mean(
        [
            uisrnn.compute_sequence_match_accuracy(labels, ids)
            for (_, labels), ids in zip(sequences, predicted, strict=True)
        ]
    )


def main():
    """Train on clean sequences, tune on noisy sequences, test on other noisy sequences."""
    generator = np.random.default_rng(0)
    places = generator.normal(size=(60, DIM))
    clean = [sequence(places[:20], 0.3, generator) for _ in range(40)]
    noisy = [sequence(places[20:40], 0.8, generator) for _ in range(30)]
    tests = [sequence(places[40:], 0.8, generator) for _ in range(60)]

    model = uisrnn.UISRNN(uisrnn.ModelArguments("plda", observation_dim=DIM, crp_alpha=None, seed=0, verbosity=1))
    model.fit([x for x, _ in clean], [ids for _, ids in clean])
    before = accuracy(model, tests, uisrnn.InferenceArguments(test_iteration=1))

    tuning = uisrnn.tune(model, [x for x, _ in noisy], [ids for _, ids in noisy], trials=60, seed=0)
    print(f"before {tuning.before:.1%}, expected on other data {tuning.cross_validated:.1%}; applied: {tuning.applied}")
    print({name: round(value, 3) for name, value in tuning.parameters.items()})
    print(f"on other sequences: {before:.1%} before, {accuracy(model, tests, tuning.inference_args):.1%} after")


if __name__ == "__main__":
    main()
