"""Labels recorded from 0.1.2 with `golden/record.py`, and those of its files decoded here."""

import json
from pathlib import Path

import numpy as np
import pytest

import uisrnn
from uisrnn.sequences.labels import renumber

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = json.loads((GOLDEN / "labels.json").read_text())


@pytest.fixture(scope="module")
def observations():
    with np.load(GOLDEN / "observations.npz") as arrays:
        return dict(arrays)


def _id(number: int) -> str:
    case = CASES[number]
    return "{model}-beam{beam_size}-ahead{look_ahead}-iterations{test_iteration}".format(**case) + f"-{number}"


@pytest.mark.parametrize("number", range(len(CASES)), ids=_id)
def test_labels_are_those_of_0_1_2(number, observations):
    case = CASES[number]
    model = uisrnn.UISRNN.from_file(GOLDEN / f"{case['model']}.uisrnn")
    assert model.conventions == uisrnn.V0
    args = {name: case[name] for name in ("beam_size", "look_ahead", "test_iteration")}
    predicted = model.predict(observations[f"x{number}"], uisrnn.InferenceArguments(**args))
    assert predicted == renumber(case["labels"])


def test_the_recorded_cases_can_tell_conventions_apart(observations):
    """With the paper's conventions some labels differ, so the goldens do test those of 0.1.2."""
    differing = 0
    for number, case in enumerate(CASES):
        model = uisrnn.UISRNN.from_file(GOLDEN / f"{case['model']}.uisrnn")
        model.conventions = uisrnn.PAPER
        args = {name: case[name] for name in ("beam_size", "look_ahead", "test_iteration")}
        differing += model.predict(observations[f"x{number}"], uisrnn.InferenceArguments(**args)) != renumber(
            case["labels"]
        )
    assert differing >= 5


def test_a_file_of_older_torch_is_the_same_model(observations):
    new = uisrnn.UISRNN.from_file(GOLDEN / "d2_h8.uisrnn")
    old = uisrnn.UISRNN.from_file(GOLDEN / "d2_h8_legacy.uisrnn")
    assert new.transition_bias == old.transition_bias
    assert new.predict(observations["x0"]) == old.predict(observations["x0"])


def test_conventions_are_chosen_one_by_one(observations):
    """Each of the two changes the labels of some recorded case by itself."""
    alone = [uisrnn.Conventions("paper", "v0"), uisrnn.Conventions("v0", "paper")]
    differing = [0, 0]
    for number, case in enumerate(CASES):
        model = uisrnn.UISRNN.from_file(GOLDEN / f"{case['model']}.uisrnn")
        args = uisrnn.InferenceArguments(beam_size=case["beam_size"], test_iteration=case["test_iteration"])
        expected = model.predict(observations[f"x{number}"], args)
        for which, conventions in enumerate(alone):
            model.conventions = conventions
            differing[which] += model.predict(observations[f"x{number}"], args) != expected
    assert min(differing) >= 1
