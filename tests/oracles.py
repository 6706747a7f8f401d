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
from uisrnn.model.observation import ObservationModel
from uisrnn.model.plda import PLDAObservation
from uisrnn.model.running_mean import V0_MEAN
from uisrnn.model.transition import Transition


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


def prediction(model: ObservationModel, earlier: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the next observation of a cluster that has these."""
    if isinstance(model, ConjugateGaussian):
        precision = len(earlier) + 0.25
        return sum(earlier, np.zeros(model.observation_dim)) / precision, np.full(
            model.observation_dim, 1 + 1 / precision
        )
    if isinstance(model, PLDAObservation):
        return plda_prediction(model, earlier)
    outputs = gru_outputs(model, [np.zeros(model.observation_dim), *earlier])
    if model.running_mean == V0_MEAN and len(outputs) > 1:
        outputs = outputs[2:] or outputs[1:]
    return np.mean(outputs, axis=0), model.sigma2.detach().numpy()


def plda_prediction(model: PLDAObservation, earlier: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The centre given observations each of variance v / w, by adding up precisions; then an observation about it."""
    b, v = model.between.detach().numpy(), model.within.item()
    if not earlier:
        return np.zeros_like(b), (b + v) * np.exp(model.log_new.item())
    precision, mean = 1 / b, np.zeros_like(b)
    for z in earlier:
        added = model.discount.item() / v
        mean = (precision * mean + added * z) / (precision + added)
        precision = precision + added
    return mean, v + 1 / precision


def plda_view(model: PLDAObservation, xs: np.ndarray, time: int, starts: bool) -> np.ndarray:
    """What the model sees of an observation, from the equations of `PLDAObservation` and `Unmixing`."""
    center, projection, e = (one.numpy() for one in (model.center, model.projection, model.eigenvalues))
    z = (xs[: time + 1] - center) @ projection
    z = z * ((1 + e).sum() / (z**2).sum(axis=1, keepdims=True)) ** (model.length_norm.item() / 2)
    if model.unmixing is None:
        return z[time]
    taps = model.context + 1
    window = np.vstack([np.zeros((taps, z.shape[1])), z])[-taps:]
    present = np.array([time - model.context + tap >= 0 for tap in range(taps)])
    cosine = [
        window[i] @ window[j] / np.linalg.norm(window[i]) / np.linalg.norm(window[j]) if present[i] else 0.0
        for i, j in itertools.combinations(range(taps), 2)
    ]
    weights = {name: value.detach().numpy() for name, value in model.unmixing.named_parameters()}
    hidden = np.maximum(weights["inner.weight"] @ [*cosine, *present[:-1]] + weights["inner.bias"], 0)
    both = (weights["weights.weight"] @ hidden + weights["weights.bias"]).reshape(2, taps)
    return z[time] + (both[int(starts)] * present) @ window


def seen(model: ObservationModel, xs: np.ndarray, labels: list[int], joins: Sequence[bool]) -> list[np.ndarray]:
    """Each observation as its label has it looked at."""
    if not isinstance(model, PLDAObservation):
        return list(xs[: len(labels)])
    grouped = groups(labels, joins)
    starts = [label not in before for before, group in itertools.pairwise([[], *grouped]) for label in group]
    return [plda_view(model, xs, time, start) for time, start in enumerate(starts)]


def groups(labels: list[int], joins: Sequence[bool]) -> list[list[int]]:
    """Labels of one time together."""
    found: list[list[int]] = []
    for label, join in zip(labels, joins, strict=False):
        if join:
            found[-1].append(label)
        else:
            found.append([label])
    return found


def is_free_of_conflicts(labels: list[int], joins: Sequence[bool]) -> bool:
    """Whether observations of one time have distinct labels."""
    return all(len(set(group)) == len(group) for group in groups(labels, joins))


def label_probability(joint: Joint, labels: list[int], paper: bool, known: int, joins: Sequence[bool]) -> float:
    """p of the last label given those before it, and given known clusters 0, 1, ... with a block each."""
    *before, label = labels
    prior = joint.prior
    past = [[], *groups(before, joins)]
    present = past.pop() if joins[len(before)] else []
    previous = past[-1]
    counts = {cluster: int(cluster < known) for cluster in {*before, *range(known)}}
    for earlier, group in itertools.pairwise([*past, present]):
        for cluster in set(group) - set(earlier):
            counts[cluster] += 1
    reach = set(previous) - set(present)
    share = {cluster: 0 if cluster in present or (cluster in reach and paper) else 1 for cluster in counts}
    total = sum(counts[cluster] * share[cluster] for cluster in counts) + prior.crp_alpha
    if label in present:
        return 0.0
    change = change_probability(prior.transition, before, joins)
    if label in reach:
        return (1 - change) / len(reach)
    return (change if reach else 1) * counts.get(label, prior.crp_alpha) / total


def change_probability(transition: Transition, labels: list[int], joins: Sequence[bool]) -> float:
    """The posterior mean of the Beta distribution of the change rate after these labels."""
    if transition.spread == 0:
        return transition.bias
    changed = transition.bias / transition.spread
    stayed = (1 - transition.bias) / transition.spread
    grouped = groups(labels, joins)
    for before, group in itertools.pairwise(grouped):
        for number, label in enumerate(group):
            left = set(before) - set(group[:number])
            if label in left:
                stayed += 1
            elif left:
                changed += 1
    return changed / (changed + stayed)


def score(
    joint: Joint,
    xs: np.ndarray,
    labels: list[int],
    paper: bool = True,
    known: Sequence[np.ndarray] = (),
    joins: Sequence[bool] | None = None,
) -> float:
    """-log p(x, y, z), where `known` are earlier observations of clusters 0, 1, ..."""
    total = 0.0
    joins = [False] * len(xs) if joins is None else joins
    views = seen(joint.observation, xs, labels, joins)
    enrolled = [seen(joint.observation, one, [0] * len(one), [False] * len(one)) for one in known]
    for time, x in enumerate(views):
        earlier = list(enrolled[labels[time]]) if labels[time] < len(known) else []
        earlier += [views[t] for t in range(time) if labels[t] == labels[time]]
        mean, variance = prediction(joint.observation, earlier)
        dimensions = zip(x, mean, variance, strict=True)
        density = np.prod([exp(-((a - m) ** 2) / (2 * v)) / (2 * pi * v) ** 0.5 for a, m, v in dimensions])
        total -= joint.likelihood_scale * log(density)
        total -= log(label_probability(joint, labels[: time + 1], paper, len(known), joins))
    return total


def beam_search(
    joint: Joint,
    xs: np.ndarray,
    beam_size: int,
    look_ahead: int,
    paper: bool = True,
    known: Sequence[np.ndarray] = (),
    possible: Callable[[list[int]], bool] = lambda labels: True,
    joins: Sequence[bool] | None = None,
) -> list[list[int]]:
    """Labels in the beam at the end, best first, every candidate scored from scratch.

    `possible` says of the beginning of a label sequence whether it may be continued.
    """
    beam: list[list[int]] = [[]]
    for start in range(0, len(xs), look_ahead):
        block = min(look_ahead, len(xs) - start)
        candidates = [one for labels in beam for one in _continuations(labels, block, len(known), possible)]
        beam = sorted(candidates, key=lambda labels: score(joint, xs, labels, paper, known, joins))[:beam_size]
    return beam


def _continuations(labels: list[int], number: int, known: int, possible: Callable) -> list[list[int]]:
    if number == 0:
        return [labels]
    longer = [[*labels, label] for label in range(max([*labels, known - 1]) + 2)]
    return [one for labels in longer if possible(labels) for one in _continuations(labels, number - 1, known, possible)]
