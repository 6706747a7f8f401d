"""Train on labelled conversations, label conversations of other speakers, save and load the model.

python examples/train_and_predict.py
"""

import tempfile
from pathlib import Path

import numpy as np

import uisrnn

DIM = 32
SPEAKERS = 60


def conversation(voices, generator):
    """Turns of three speakers, each observation near the voice of its speaker."""
    speakers = generator.choice(len(voices), 3, replace=False)
    labels = np.repeat(speakers[generator.integers(0, 3, 12)], generator.integers(3, 9, 12))
    return voices[labels] + 0.7 * generator.normal(size=(len(labels), DIM)), [f"speaker{label}" for label in labels]


def main():
    """Train, predict, save, load."""
    generator = np.random.default_rng(0)
    voices = generator.normal(size=(SPEAKERS, DIM))
    training = [conversation(voices[:50], generator) for _ in range(60)]
    tests = [conversation(voices[50:], generator) for _ in range(10)]

    model_args, training_args, inference_args = uisrnn.recommended_arguments()
    model_args.observation_dim = DIM
    model_args.seed = 0
    training_args.discriminative_iteration = 30  # 300 by default, which takes longer
    training_args.enforce_cluster_id_uniqueness = False  # a name means the same speaker in all conversations
    model = uisrnn.UISRNN(model_args)
    history = model.fit([x for x, _ in training], [labels for _, labels in training], training_args)
    print(f"{len(history.discriminative)} iterations; a label changes with probability {model.transition_bias:.2f}")

    predicted = model.predict([x for x, _ in tests], inference_args)
    accuracies = [
        uisrnn.compute_sequence_match_accuracy(labels, ids) for (_, labels), ids in zip(tests, predicted, strict=True)
    ]
    print(f"accuracy on 10 conversations of other speakers: {np.mean(accuracies):.1%}")
    print("labels of the first conversation:", "".join(map(str, predicted[0])))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.uisrnn"
        model.save(path)
        same = uisrnn.UISRNN.from_file(path).predict([x for x, _ in tests], inference_args) == predicted
    print("the same labels after saving and loading:", same)


if __name__ == "__main__":
    main()
