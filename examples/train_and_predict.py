"""Train on labelled conversations, label others with speakers that no training conversation has, save and load.

python examples/train_and_predict.py
"""

import tempfile
from pathlib import Path

import numpy as np

import uisrnn

DIM, SPEAKERS = 32, 60


def conversation(voices, generator):
    """Turns of three speakers, each observation near the voice of its speaker."""
    speakers = generator.choice(len(voices), 3, replace=False)
    labels = np.repeat(speakers[generator.integers(0, 3, 12)], generator.integers(3, 9, 12))
    return voices[labels] + 0.7 * generator.normal(size=(len(labels), DIM)), [f"speaker{one}" for one in labels]


def main():
    """Train, predict, save, load."""
    generator = np.random.default_rng(0)
    voices = generator.normal(size=(SPEAKERS, DIM))
    training = [conversation(voices[:50], generator) for _ in range(60)]
    tests = [conversation(voices[50:], generator) for _ in range(10)]

    model_args, training_args, inference_args = uisrnn.recommended_arguments()
    model_args.observation_dim, model_args.seed = DIM, 0
    training_args.discriminative_iteration = 30  # 300 unless you say otherwise
    training_args.enforce_cluster_id_uniqueness = False  # a name means the same speaker in all conversations
    model = uisrnn.UISRNN(model_args)
    history = model.fit([x for x, _ in training], [labels for _, labels in training], training_args)
    print(f"{len(history.discriminative)} iterations; a label changes with probability {model.transition_bias:.2f}")

    found = model.predict([x for x, _ in tests], inference_args)
    accuracies = [
        uisrnn.compute_sequence_match_accuracy(labels, ids) for (_, labels), ids in zip(tests, found, strict=True)
    ]
    print(f"accuracy on 10 conversations of other speakers: {np.mean(accuracies):.1%}")
    print("the first one:", "".join(map(str, found[0])))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.uisrnn"
        model.save(path)
        same = uisrnn.UISRNN.from_file(path).predict([x for x, _ in tests], inference_args) == found
    print("the same labels after saving and loading:", same)


if __name__ == "__main__":
    main()
