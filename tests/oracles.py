"""Slow and obvious: what the library computes, written down from the equations with nothing shared and nothing reused.

Labels are lists of integers by first appearance. Every score is computed from the whole history each time.
"""

import itertools
from collections.abc import Iterator
from math import exp, log, pi

import numpy as np

from models import ConjugateGaussian
from uisrnn.model.gru import GRUObservation
from uisrnn.model.joint import Joint
from uisrnn.model.running_mean import PaperMean


def partitions(length: int) -> Iterator[list[int]]:
    """All label sequences by first appearance, that is all set partitions of the observations."""

    def extend(labels: list[int]) -> Iterator[list[int]]:
        if len(labels) == length:
            yield labels
            return
        for label in range(max(labels, default=-1) + 2):
            yield from extend([*labels, label])

    yield from extend([])


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def gru_outputs(model: GRUObservation, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """m for each input, gate by gate."""
    weights = {name: value.detach().numpy() for name, value in model.network.named_parameters()}
    hidden = [layer[0] for layer in model.init_hidden.detach().numpy()]
    outputs = []
    for x in inputs:
        for layer in range(len(hidden)):
            a = weights[f"gru.weight_ih_l{layer}"] @ x + weights[f"gru.bias_ih_l{layer}"]
            c = weights[f"gru.weight_hh_l{layer}"] @ hidden[layer] + weights[f"gru.bias_hh_l{layer}"]
            a_r, a_z, a_n = np.split(a, 3)
            c_r, c_z, c_n = np.split(c, 3)
            z = sigmoid(a_z + c_z)
            n = np.tanh(a_n + sigmoid(a_r + c_r) * c_n)
            hidden[layer] = x = (1 - z) * n + z * hidden[layer]
        inner = np.maximum(weights["linear_mean1.weight"] @ x + weights["linear_mean1.bias"], 0)
        outputs.append(weights["linear_mean2.weight"] @ inner + weights["linear_mean2.bias"])
    return outputs


def prediction(model: GRUObservation | ConjugateGaussian, earlier: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the next observation of a cluster that has these."""
    if isinstance(model, ConjugateGaussian):
        precision = len(earlier) + 0.25
        return sum(earlier, np.zeros(model.observation_dim)) / precision, np.full(
            model.observation_dim, 1 + 1 / precision
        )
    outputs = gru_outputs(model, [np.zeros(model.observation_dim), *earlier])
    if not isinstance(model.running_mean, PaperMean) and len(outputs) > 1:
        outputs = outputs[2:] or outputs[1:]
    return np.mean(outputs, axis=0), model.sigma2.detach().numpy()


def label_probability(joint: Joint, labels: list[int], paper: bool) -> float:
    """p of the last label given those before it."""
    *before, label = labels
    if not before:
        return 1.0
    prior = joint.prior
    if label == before[-1]:
        return 1 - prior.transition.bias
    blocks = [next_label for next_label, _run in itertools.groupby(before)]
    counts = {cluster: blocks.count(cluster) for cluster in set(before)}
    total = sum(counts.values()) - (counts[before[-1]] if paper else 0) + prior.crp_alpha
    return prior.transition.bias * counts.get(label, prior.crp_alpha) / total


def score(joint: Joint, xs: np.ndarray, labels: list[int], paper: bool = True) -> float:
    """-log p(x, y, z)."""
    total = 0.0
    for time, x in enumerate(xs[: len(labels)]):
        earlier = [xs[t] for t in range(time) if labels[t] == labels[time]]
        mean, variance = prediction(joint.observation, earlier)
        dimensions = zip(x, mean, variance, strict=True)
        density = np.prod([exp(-((a - m) ** 2) / (2 * v)) / (2 * pi * v) ** 0.5 for a, m, v in dimensions])
        total -= log(density) + log(label_probability(joint, labels[: time + 1], paper))
    return total


def beam_search(joint: Joint, xs: np.ndarray, beam_size: int, look_ahead: int, paper: bool = True) -> list[int]:
    """Best labels, every candidate scored from scratch."""
    beam: list[list[int]] = [[]]
    for start in range(0, len(xs), look_ahead):
        block = min(look_ahead, len(xs) - start)
        candidates = [one for labels in beam for one in _continuations(labels, block)]
        beam = sorted(candidates, key=lambda labels: score(joint, xs, labels, paper))[:beam_size]
    return beam[0]


def _continuations(labels: list[int], number: int) -> list[list[int]]:
    if number == 0:
        return [labels]
    longer = [[*labels, label] for label in range(max(labels, default=-1) + 2)]
    return [one for labels in longer for one in _continuations(labels, number - 1)]
