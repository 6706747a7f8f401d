"""Compare with agglomerative clustering of whole conversations, whose threshold is tuned on the same training data.

A paired bootstrap says whether the difference could be chance.

python examples/compare_with_agglomerative.py
"""

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

import uisrnn

DIM = 32


def conversation(voices, generator, name):
    """Turns of two to four speakers; the noise is stronger in half of the dimensions, which the model must learn."""
    speakers = generator.choice(len(voices), generator.integers(2, 5), replace=False)
    labels = np.repeat(generator.choice(speakers, 14), generator.integers(2, 7, 14))
    noise = generator.normal(size=(len(labels), DIM)) * np.repeat([0.4, 1.6], DIM // 2)
    return uisrnn.LabeledSequence(voices[labels] + noise, labels.tolist(), name=name)


def agglomerative(sequence, threshold):
    """Average linkage of cosine distances, cut at a threshold."""
    tree = linkage(sequence.observations, "average", "cosine")
    return fcluster(tree, threshold, "distance").tolist()


def evaluation(sequences, predicted):
    """The evaluation of predicted labels."""
    truth = {sequence.name: sequence.labels for sequence in sequences}
    return uisrnn.evaluate(truth, dict(zip(truth, predicted, strict=True)))


def main():
    """Train the model, tune the threshold, compare both on conversations of other speakers."""
    generator = np.random.default_rng(0)
    voices = generator.normal(size=(80, DIM))
    training = [conversation(voices[:60], generator, f"training {number}") for number in range(60)]
    tests = [conversation(voices[60:], generator, f"test {number}") for number in range(40)]

    thresholds = np.linspace(0.3, 1.1, 17)
    scores = [
        evaluation(training, [agglomerative(sequence, threshold) for sequence in training]).total.accuracy
        for threshold in thresholds
    ]
    best = thresholds[int(np.argmax(scores))]
    clustering = evaluation(tests, [agglomerative(sequence, best) for sequence in tests])

    model = uisrnn.UISRNN(uisrnn.ModelArguments("plda", observation_dim=DIM, crp_alpha=None, seed=0, verbosity=1))
    model.fit(training, args=uisrnn.TrainingArguments(discriminative_iteration=20, enforce_cluster_id_uniqueness=False))
    learned = evaluation(tests, model.predict(tests, uisrnn.InferenceArguments(test_iteration=1)))

    print(f"agglomerative, offline, threshold {best:.2f}: {clustering.total.accuracy:.1%}")
    print(f"uisrnn, online, plda:                   {learned.total.accuracy:.1%}")
    print(uisrnn.compare(clustering, learned, "accuracy"))


if __name__ == "__main__":
    main()
