"""Slow and obvious: what the library computes, written down from the equations with nothing shared and nothing reused.

Labels are lists of integers by first appearance. Every score is computed from the whole history each time.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from math import exp, log, pi

import numpy as np

from models import ConjugateGaussian
from uisrnn.model.gru import GRUObservation
from uisrnn.model.joint import Joint
from uisrnn.model.running_mean import V0_MEAN


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
    if model.running_mean == V0_MEAN and len(outputs) > 1:
        outputs = outputs[2:] or outputs[1:]
    return np.mean(outputs, axis=0), model.sigma2.detach().numpy()


def label_probability(joint: Joint, labels: list[int], paper: bool, known: int = 0) -> float:
    """p of the last label given those before it, and given known clusters 0, 1, ... with a block each."""
    *before, label = labels
    prior = joint.prior
    blocks = [next_label for next_label, _run in itertools.groupby(before)]
    counts = {cluster: blocks.count(cluster) + (cluster < known) for cluster in {*before, *range(known)}}
    total = sum(counts.values()) + prior.crp_alpha
    if not before:
        return counts.get(label, prior.crp_alpha) / total
    if label == before[-1]:
        return 1 - prior.transition.bias
    return prior.transition.bias * counts.get(label, prior.crp_alpha) / (total - (counts[before[-1]] if paper else 0))


def score(
    joint: Joint, xs: np.ndarray, labels: list[int], paper: bool = True, known: Sequence[np.ndarray] = ()
) -> float:
    """-log p(x, y, z), where `known` are earlier observations of clusters 0, 1, ..."""
    total = 0.0
    for time, x in enumerate(xs[: len(labels)]):
        earlier = list(known[labels[time]]) if labels[time] < len(known) else []
        earlier += [xs[t] for t in range(time) if labels[t] == labels[time]]
        mean, variance = prediction(joint.observation, earlier)
        dimensions = zip(x, mean, variance, strict=True)
        density = np.prod([exp(-((a - m) ** 2) / (2 * v)) / (2 * pi * v) ** 0.5 for a, m, v in dimensions])
        total -= joint.likelihood_scale * log(density)
        total -= log(label_probability(joint, labels[: time + 1], paper, len(known)))
    return total


def beam_search(
    joint: Joint,
    xs: np.ndarray,
    beam_size: int,
    look_ahead: int,
    paper: bool = True,
    known: Sequence[np.ndarray] = (),
    possible: Callable[[list[int]], bool] = lambda labels: True,
) -> list[list[int]]:
    """Labels in the beam at the end, best first, every candidate scored from scratch.

    `possible` says of the beginning of a label sequence whether it may be continued.
    """
    beam: list[list[int]] = [[]]
    for start in range(0, len(xs), look_ahead):
        block = min(look_ahead, len(xs) - start)
        candidates = [one for labels in beam for one in _continuations(labels, block, len(known), possible)]
        beam = sorted(candidates, key=lambda labels: score(joint, xs, labels, paper, known))[:beam_size]
    return beam


def _continuations(labels: list[int], number: int, known: int, possible: Callable) -> list[list[int]]:
    if number == 0:
        return [labels]
    longer = [[*labels, label] for label in range(max([*labels, known - 1]) + 2)]
    return [one for labels in longer if possible(labels) for one in _continuations(labels, number - 1, known, possible)]
