"""Limits on the number of clusters."""

import pytest
import torch

import oracles
from driving import decode, observations
from models import OBSERVATION_MODELS, joint
from uisrnn.decoding.frontier import UNLIMITED, Limits
from uisrnn.decoding.offline import decode_all
from uisrnn.decoding.pool import enrol
from uisrnn.decoding.search import BeamSearch
from uisrnn.sequences.coded import CodedSequence

OPTIONS = [(1, 1), (4, 1), (3, 2), (2, 3), (4, 5)]  # beam_size, look_ahead


@pytest.fixture(params=OBSERVATION_MODELS, ids=lambda name: name.replace(" ", "-"))
def model(request):
    return OBSERVATION_MODELS[request.param]()


@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
@pytest.mark.parametrize("cap", [1, 2, 3])
def test_a_cap_drops_label_sequences_with_more_clusters(model, beam_size, look_ahead, cap):
    model, xs = joint(model, bias=0.7, crp_alpha=3), observations(7)
    expected = oracles.beam_search(
        model, xs.astype(float), beam_size, look_ahead, possible=lambda labels: len(set(labels)) <= cap
    )
    found = decode_all(BeamSearch(model, beam_size, look_ahead, Limits(at_most=cap)), [CodedSequence(xs)])[0]
    assert [one.codes.tolist() for one in found] == expected


@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
@pytest.mark.parametrize("number", [1, 3, 6, 7])
def test_a_number_of_clusters_is_reached_exactly(model, beam_size, look_ahead, number):
    model, xs = joint(model), observations(7)

    def possible(labels: list[int]) -> bool:
        return len(set(labels)) <= number <= len(set(labels)) + 7 - len(labels)

    expected = oracles.beam_search(model, xs.astype(float), beam_size, look_ahead, possible=possible)
    search = BeamSearch(model, beam_size, look_ahead, Limits(number, number))
    found = decode_all(search, [CodedSequence(xs)])[0]
    assert [one.codes.tolist() for one in found] == expected
    assert {len(set(one.codes)) for one in found} == {number}


def test_the_best_of_all_partitions_with_that_many_clusters(model):
    model, xs = joint(model), observations(6)
    scores = {
        tuple(labels): oracles.score(model, xs.astype(float), labels)
        for labels in oracles.partitions(6)
        if len(set(labels)) == 4
    }
    search = BeamSearch(model, 1000, limits=Limits(4, 4))
    assert tuple(decode(search, xs)) == min(scores, key=scores.get)


@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
@pytest.mark.parametrize("test_iteration", [1, 2, 3])
@pytest.mark.parametrize("number", [1, 2, 5, 9])
def test_with_repeated_passes_it_holds_for_what_is_returned(model, beam_size, look_ahead, test_iteration, number):
    xs = [CodedSequence(observations(length, length)) for length in (9, 11)]
    exactly = BeamSearch(joint(model), beam_size, look_ahead, Limits(number, number))
    at_most = BeamSearch(joint(model, bias=0.9, crp_alpha=9), beam_size, look_ahead, Limits(number))
    assert [len(set(found[0].codes)) for found in decode_all(exactly, xs, test_iteration)] == [number, number]
    assert max(len(set(found[0].codes)) for found in decode_all(at_most, xs, test_iteration)) <= number


@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
def test_a_closed_set_has_no_new_clusters(model, beam_size, look_ahead):
    model, xs = joint(model, bias=0.9, crp_alpha=9), observations(7)
    known = [observations(3, 5), observations(2, 6)]
    states = enrol(model.observation, [torch.tensor(one, dtype=model.observation.dtype) for one in known])
    search = BeamSearch(model, beam_size, look_ahead, Limits(UNLIMITED, 0, allow_new=False), states)
    expected = oracles.beam_search(
        model,
        xs.astype(float),
        beam_size,
        look_ahead,
        known=[one.astype(float) for one in known],
        possible=lambda labels: max(labels) < 2,
    )
    assert [one.codes.tolist() for one in decode_all(search, [CodedSequence(xs)])[0]] == expected
