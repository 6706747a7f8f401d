"""Record models and labels of uisrnn 0.1.2, against which this library's decoding is tested.

Run it where 0.1.2 is installed, not this library:

    python -m venv /tmp/peer && /tmp/peer/bin/pip install torch==2.13.0 uisrnn==0.1.2
    /tmp/peer/bin/python tests/golden/record.py

Every case trains a small model with 0.1.2 (so that the weights mean something), saves it with 0.1.2, and decodes
noisy sequences with several settings. The observations are stored beside the labels. One model is also stored in the
format of torch before 1.6.
"""

import json
import random
from argparse import Namespace
from pathlib import Path

import numpy as np
import torch
import uisrnn

HERE = Path(__file__).parent
# name: observation_dim, rnn_hidden_size, rnn_depth, crp_alpha, noise
MODELS = {
    "d2_h8": (2, 8, 1, 1.0, 0.25),
    "d4_h8_depth2": (4, 8, 2, 0.5, 0.25),
    "d16_h12": (16, 12, 1, 2.0, 0.12),
    "d32_h16_depth2": (32, 16, 2, 1.0, 0.1),
    "d64_h32": (64, 32, 1, 0.3, 0.08),
}
# beam_size, look_ahead, test_iteration, length
SETTINGS = [
    (10, 1, 2, 40),
    (10, 1, 1, 41),
    (1, 1, 1, 30),
    (1, 1, 2, 30),
    (2, 1, 2, 30),
    (5, 1, 1, 30),
    (3, 2, 1, 21),
    (10, 2, 2, 15),
    (1, 3, 1, 14),
    (4, 3, 2, 10),
    (10, 3, 1, 8),
    (10, 1, 2, 1),
    (5, 1, 2, 220),
]


def conversation(centers: np.ndarray, length: int, noise: float) -> tuple[np.ndarray, list[str]]:
    """Noisy turns among the centers."""
    labels = [np.random.randint(len(centers))]
    while len(labels) < length:
        labels.append(np.random.randint(len(centers)) if np.random.rand() < 0.3 else labels[-1])
    x = centers[labels] + noise * np.random.randn(length, centers.shape[1])
    return x, [f"s{label}" for label in labels]


def train(dim: int, hidden: int, depth: int, alpha: float, noise: float) -> tuple[uisrnn.UISRNN, np.ndarray]:
    """A model of 0.1.2, and the cluster centers that it was trained on."""
    model = uisrnn.UISRNN(
        Namespace(
            observation_dim=dim, rnn_hidden_size=hidden, rnn_depth=depth, rnn_dropout=0.2, transition_bias=None,
            crp_alpha=alpha, sigma2=None, verbosity=1, enable_cuda=False,
        )
    )  # fmt: skip
    centers = np.random.randn(4, dim) / np.sqrt(dim)
    sequences, labels = zip(*(conversation(centers, 50, noise) for _ in range(8)), strict=True)
    args = Namespace(
        optimizer="adam", learning_rate=0.01, train_iteration=100, batch_size=10, num_permutations=5, sigma_alpha=1.0,
        sigma_beta=1.0, regularization_weight=1e-5, grad_max_norm=5.0, enforce_cluster_id_uniqueness=False,
    )  # fmt: skip
    model.fit(list(sequences), list(labels), args)
    return model, centers


def main() -> None:
    """Write a model file a case, and one file of observations and labels."""
    random.seed(7), np.random.seed(7), torch.manual_seed(7)
    arrays, cases = {}, []
    for name, (dim, hidden, depth, alpha, noise) in MODELS.items():
        model, centers = train(dim, hidden, depth, alpha, noise)
        model.save(str(HERE / f"{name}.uisrnn"))
        for beam_size, look_ahead, test_iteration, length in SETTINGS:
            x = conversation(centers, length, 2 * noise)[0].astype(np.float32).astype(float)
            args = Namespace(beam_size=beam_size, look_ahead=look_ahead, test_iteration=test_iteration)
            labels = [int(label) for label in model.predict(x, args)]
            arrays[f"x{len(cases)}"] = x.astype(np.float32)
            cases.append({"model": name, **vars(args), "labels": labels})
            print(name, vars(args), labels)
    torch.save(torch.load(HERE / "d2_h8.uisrnn", weights_only=False), HERE / "d2_h8_legacy.uisrnn",
               _use_new_zipfile_serialization=False)  # fmt: skip
    np.savez_compressed(HERE / "observations.npz", **arrays)
    (HERE / "labels.json").write_text(json.dumps(cases, indent=0))


if __name__ == "__main__":
    main()
