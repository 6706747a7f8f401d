"""Driving a search by hand."""

import numpy as np
import torch

from uisrnn.decoding.expansion import SearchState, Window
from uisrnn.decoding.frontier import UNLIMITED, Position
from uisrnn.decoding.hypotheses import Hypothesis
from uisrnn.decoding.offline import decode_all
from uisrnn.decoding.search import BeamSearch, StepInfo
from uisrnn.sequences.coded import CodedSequence
from uisrnn.sequences.labels import renumber


def observations(length: int, seed: int = 0) -> np.ndarray:
    """(length, 3), noise."""
    return np.random.default_rng(seed).normal(size=(length, 3)).astype(np.float32)


def decode(search: BeamSearch, xs: np.ndarray, test_iteration: int = 1, joins=None) -> list[int]:
    """The best labels of one sequence."""
    return renumber(decode_all(search, [CodedSequence(xs, joins=joins)], test_iteration)[0][0].codes)


def labels_of(beam: list[Hypothesis]) -> list[list[int]]:
    """The labels of each hypothesis, best first."""
    return [hypothesis.codes.tolist() for hypothesis in beam]


def log_probs_of(beam: list[Hypothesis]) -> list[float]:
    """log p(x, y, z) of each hypothesis, best first."""
    return [hypothesis.log_prob for hypothesis in beam]


@torch.no_grad()
def block_of(
    search: BeamSearch, state: SearchState, xs: np.ndarray, earlier: int = 0, joins=None
) -> tuple[Window, list[Position]]:
    """Observations (n, D) of one sequence up to the next cut, after those that only give context."""
    unlimited = np.full(1, UNLIMITED, dtype=np.int32)
    joins = np.zeros(len(xs), dtype=bool) if joins is None else joins
    positions = [
        Position(np.array([at]), np.zeros(1, dtype=bool), joins[[earlier + at]], unlimited)
        for at in range(len(xs) - earlier)
    ]
    model = search.joint.observation
    return state.window(model.features(torch.as_tensor(xs, dtype=model.dtype), earlier)), positions


def step(search: BeamSearch, state: SearchState, xs: np.ndarray, earlier: int = 0, joins=None) -> StepInfo:
    """Take these observations in slot 0."""
    return search.step(state, np.array([0]), *block_of(search, state, xs, earlier, joins))


def run(search: BeamSearch, xs: np.ndarray, joins=None) -> tuple[SearchState, list[StepInfo]]:
    """The state after all observations, and the info of each step."""
    state = search.init()
    search.open(state, 0)
    starts = range(0, len(xs), search.look_ahead)
    return state, [step(search, state, xs[: start + search.look_ahead], start, joins) for start in starts]
