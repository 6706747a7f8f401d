"""Limits on the number of clusters. Each pair of options occurs in some case of a law."""

import pytest
import torch

import oracles
from covering import each_pair
from driving import decode, labels_of, observations
from models import OBSERVATION_MODELS, joint
from uisrnn.decoding.frontier import UNLIMITED, Limits
from uisrnn.decoding.offline import decode_all
from uisrnn.decoding.pool import enrol
from uisrnn.decoding.search import BeamSearch
from uisrnn.sequences.coded import CodedSequence

SIZES = [(1, 1), (4, 1), (3, 2), (2, 3), (4, 5)]  # beam_size, look_ahead


@each_pair(name=OBSERVATION_MODELS, size=SIZES, cap=[1, 2, 3])
def test_a_cap_drops_label_sequences_with_more_clusters(name, size, cap):
    model, xs = joint(OBSERVATION_MODELS[name](), bias=0.7, crp_alpha=3), observations(7)
    expected = oracles.beam_search(model, xs.astype(float), *size, possible=lambda labels: len(set(labels)) <= cap)
    search = BeamSearch(model, *size, Limits(at_most=cap))
    assert labels_of(decode_all(search, [CodedSequence(xs)])[0]) == expected


@each_pair(name=OBSERVATION_MODELS, size=SIZES, number=[1, 3, 6, 7])
def test_a_number_of_clusters_is_reached_exactly(name, size, number):
    model, xs = joint(OBSERVATION_MODELS[name]()), observations(7)

    def possible(labels: list[int]) -> bool:
        return len(set(labels)) <= number <= len(set(labels)) + 7 - len(labels)

    expected = oracles.beam_search(model, xs.astype(float), *size, possible=possible)
    beam = decode_all(BeamSearch(model, *size, Limits(number, number)), [CodedSequence(xs)])[0]
    assert labels_of(beam) == expected
    assert {len(set(labels)) for labels in expected} == {number}


@pytest.mark.parametrize("name", OBSERVATION_MODELS)
def test_the_best_of_all_partitions_with_that_many_clusters(name):
    model, xs = joint(OBSERVATION_MODELS[name]()), observations(6)
    scores = {
        tuple(labels): oracles.score(model, xs.astype(float), labels)
        for labels in oracles.partitions(6)
        if len(set(labels)) == 4
    }
    search = BeamSearch(model, 1000, limits=Limits(4, 4))
    assert tuple(decode(search, xs)) == min(scores, key=scores.get)


@each_pair(name=OBSERVATION_MODELS, size=SIZES, test_iteration=[1, 2, 3], number=[1, 2, 5, 9])
def test_the_limits_hold_for_the_last_of_repeated_passes(name, size, test_iteration, number):
    model = OBSERVATION_MODELS[name]()
    xs = [CodedSequence(observations(length, length)) for length in (9, 11)]
    exactly = BeamSearch(joint(model), *size, Limits(number, number))
    at_most = BeamSearch(joint(model, bias=0.9, crp_alpha=9), *size, Limits(number))
    assert [len(set(beam[0].codes)) for beam in decode_all(exactly, xs, test_iteration)] == [number, number]
    assert max(len(set(beam[0].codes)) for beam in decode_all(at_most, xs, test_iteration)) <= number


@each_pair(name=OBSERVATION_MODELS, size=SIZES)
def test_a_closed_set_has_no_new_clusters(name, size):
    model, xs = joint(OBSERVATION_MODELS[name](), bias=0.9, crp_alpha=9), observations(7)
    enrolled = [observations(3, 5), observations(2, 6)]
    states = enrol(model.observation, [torch.tensor(x, dtype=model.observation.dtype) for x in enrolled])
    search = BeamSearch(model, *size, Limits(UNLIMITED, 0, allow_new=False), states)
    expected = oracles.beam_search(
        model,
        xs.astype(float),
        *size,
        known=[x.astype(float) for x in enrolled],
        possible=lambda labels: max(labels) < 2,
    )
    assert labels_of(decode_all(search, [CodedSequence(xs)])[0]) == expected
