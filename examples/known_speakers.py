"""Label known speakers by their names and other speakers by numbers, with the confidence of each label.

python examples/known_speakers.py
"""

import numpy as np

import uisrnn

DIM = 16


def main():
    """Enrol two speakers, then label a conversation of both and a third speaker."""
    generator = np.random.default_rng(1)
    voices = generator.normal(size=(40, DIM))

    def speak(speakers):
        return voices[speakers] + 0.5 * generator.normal(size=(len(speakers), DIM))

    labels = [np.repeat(generator.permutation(36)[:4].repeat(2), generator.integers(2, 9, 8)) for _ in range(60)]
    model = uisrnn.UISRNN(uisrnn.ModelArguments("plda", observation_dim=DIM, crp_alpha=None, seed=0, verbosity=1))
    training_args = uisrnn.TrainingArguments(enforce_cluster_id_uniqueness=False)
    model.fit([speak(speakers) for speakers in labels], labels, training_args)

    known = {"ann": speak([36] * 8), "bob": speak([37] * 8)}  # a few seconds of each
    conversation = speak([37] * 5 + [38] * 5 + [36] * 5 + [38] * 3)
    args = uisrnn.InferenceArguments(test_iteration=1)
    predicted, scores = model.predict(conversation, args, clusters=known, return_scores=True)
    print("labels:    ", *predicted)
    print("confidence:", *(f"{confidence:.2f}" for confidence in scores.confidence))

    args = uisrnn.InferenceArguments(test_iteration=1, allow_new_clusters=False)
    print("closed set:", *model.predict(conversation, args, clusters=known))


if __name__ == "__main__":
    main()
