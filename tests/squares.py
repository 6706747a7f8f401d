"""Models of two dimensions, and sequences of clusters on the corners of a square for them."""

from typing import Any

import numpy as np
import torch

import conftest
import uisrnn
from uisrnn import ModelArguments, TrainingArguments

FEW = TrainingArguments(train_iteration=3)


def new_model(**arguments: Any) -> uisrnn.UISRNN:
    """A model that is not trained, on the CPU, where equal seeds give equal models."""
    defaults = {"observation_dim": 2, "rnn_hidden_size": 4, "verbosity": 0, "seed": 1, "device": "cpu"}
    return uisrnn.UISRNN(ModelArguments(**(defaults | arguments)))


def weights(model: uisrnn.UISRNN) -> torch.Tensor:
    """All parameters of a model in one vector."""
    return torch.cat([parameter.detach().ravel() for parameter in model._model.observation.parameters()])


def many(number: int, seed: int = 0) -> tuple[list[np.ndarray], list[list[str]]]:
    """Sequences with much noise, and their labels."""
    generator = np.random.default_rng(seed)
    sequences, labels = zip(*(conftest.square(20, generator, noise=0.5) for _ in range(number)), strict=True)
    return list(sequences), list(labels)
