"""Make the toy data of the demo: ten clusters, the same in training and in testing.

    python data/make_toy_data.py

The files hold plain arrays (no pickle): `toy_training_data.npz` with `train_sequence` (N, 256) and `train_cluster_id`
(N,), all training sequences one after another; `toy_testing_data.npz` with `test_sequences` (n, T, 256) and
`test_cluster_ids` (n, T).
"""

from pathlib import Path

import numpy as np

from uisrnn.simulation import toy

HERE = Path(__file__).parent
CLUSTERS, DIM = 10, 256
TRAINING, TESTING = (10, 30), (10, 50)  # sequences and their length


def main() -> None:
    """Write both files beside this script."""
    generator = np.random.default_rng(20181104)
    centers = toy.centers(CLUSTERS, DIM, generator)
    train_sequence, train_cluster_id = _sequences(centers, *TRAINING, generator)
    test_sequences, test_cluster_ids = _sequences(centers, *TESTING, generator)
    np.savez_compressed(
        HERE / "toy_training_data.npz",
        train_sequence=np.concatenate(train_sequence),
        train_cluster_id=np.concatenate(train_cluster_id),
    )
    np.savez_compressed(HERE / "toy_testing_data.npz", test_sequences=test_sequences, test_cluster_ids=test_cluster_ids)


def _sequences(
    centers: np.ndarray, number: int, length: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    made = [toy.conversation(centers, length, generator) for _ in range(number)]
    labels = np.array([[f"speaker_{label}" for label in one.labels] for one in made])
    return np.stack([one.observations for one in made]), labels


if __name__ == "__main__":
    main()
