"""The paired bootstrap."""

import itertools

import numpy as np
import pytest

import uisrnn
from uisrnn.evals import compare, evaluate

TRUTH = {"a": [(0, 10, "ann")], "b": [(0, 100, "ann")], "c": [(0, 20, "bob")]}


def system(*wrong):
    """One that misses so many seconds of each file."""
    return {name: [(0, TRUTH[name][0][1] - missed, 0)] for name, missed in zip("abc", wrong, strict=True)}


def test_the_difference_is_that_of_ratios_of_sums_over_all_draws():
    first, second = evaluate(TRUTH, system(1, 30, 5)), evaluate(TRUTH, system(5, 10, 6))
    result = compare(first, second, resamples=60_000)
    lengths, gains = np.array([10, 100, 20]), np.array([4, -20, 1])
    draws = [list(draw) for draw in itertools.product(range(3), repeat=3)]  # all equally probable
    every = np.array([gains[draw].sum() / lengths[draw].sum() for draw in draws])
    assert result.difference == pytest.approx(-15 / 130)
    assert (result.first, result.second) == (pytest.approx(36 / 130), pytest.approx(21 / 130))
    low, high = np.percentile(every, [2.5, 97.5], method="inverted_cdf")
    assert (result.low, result.high) == (pytest.approx(low), pytest.approx(high))
    assert result.share_better == pytest.approx((every < 0).mean(), abs=0.01)


def test_the_other_way_round_it_is_the_opposite():
    first, second = evaluate(TRUTH, system(1, 3, 5)), evaluate(TRUTH, system(5, 1, 6))
    assert compare(first, second, "purity").difference == -compare(second, first, "purity").difference
    result = compare(first, second, "jer")
    opposite = compare(second, first, "jer")
    assert (result.low, result.high) == (pytest.approx(-opposite.high), pytest.approx(-opposite.low))
    assert result.share_better == pytest.approx(1 - opposite.share_better)


def test_a_system_is_as_good_as_itself():
    result = compare(evaluate(TRUTH, system(1, 2, 3)), evaluate(TRUTH, system(1, 2, 3)))
    assert (result.difference, result.low, result.high, result.share_better) == (0, 0, 0, 0.5)


@pytest.mark.parametrize("metric", ["accuracy", "v_measure", "adjusted_rand", "speaker_count_error"])
def test_more_is_better_or_less_as_the_figure_has_it(metric):
    truth = {name: [0, 0, 1, 1, 2, 2] for name in "abc"}
    bad = {name: [0, 0, 0, 0, 1, 0] for name in "abc"}
    assert compare(evaluate(truth, bad), evaluate(truth, truth), metric, resamples=50).share_better == 1


def test_a_seed_repeats_the_draws(monkeypatch):
    first, second = evaluate(TRUTH, system(1, 30, 5)), evaluate(TRUTH, system(5, 10, 6))
    result = compare(first, second, seed=3)
    monkeypatch.setattr("uisrnn.evals.comparison._MOST_DRAWS", 3000)
    assert compare(first, second, seed=3) == result
    assert compare(first, second, seed=4) != result


def test_resamples_without_speech_are_left_out():
    truth = {"a": [(0, 10, "ann")], "silent": []}
    first, second = evaluate(truth, {"a": [(0, 9, 0)], "silent": []}), evaluate(truth, {"a": [], "silent": []})
    result = compare(first, second, resamples=200)
    assert (result.low, result.high, result.share_better) == (pytest.approx(0.9), pytest.approx(0.9), 0)


FIRST = evaluate(TRUTH, system(1, 2, 3))


@pytest.mark.parametrize(
    ("second", "options", "message"),
    [
        (evaluate({"a": [0]}, {"a": [0]}), {}, "must be of the same files in the same order"),
        (
            evaluate(TRUTH, TRUTH, collar=0.25),
            {},
            "must be evaluated alike, but first: no collar.* second: collar 0.25",
        ),
        (
            evaluate({name: [(0, 3, 0)] for name in "abc"}, TRUTH),
            {},
            "a: must have the same reference in both, but speech",
        ),
        (FIRST, {"metric": "accuracy"}, "metric must be one of der, missed, .* but is 'accuracy'"),
        (FIRST, {"metric": "speech"}, "metric must be one of"),
        (FIRST, {"resamples": 0}, "resamples must be an integer >= 1, but is 0"),
        (FIRST, {"seed": "x"}, "seed must be an integer >= -9223372036854775808, but is 'x'"),
    ],
)
def test_what_cannot_be_compared_is_refused(second, options, message):
    with pytest.raises(ValueError, match=message) as raised:
        compare(FIRST, second, **options)
    assert isinstance(raised.value, uisrnn.UISRNNError)


def test_one_file_or_no_speech_is_nothing_to_resample():
    single = evaluate({"a": [(0, 1, 0)]}, {"a": []})
    with pytest.raises(uisrnn.InputError, match="at least 2 files"):
        compare(single, single)
    silent = evaluate({"a": [], "b": []}, {"a": [], "b": [(0, 1, 0)]})
    with pytest.raises(uisrnn.InputError, match="der is not defined for these files"):
        compare(silent, silent)


def test_it_can_be_read():
    assert str(compare(FIRST, evaluate(TRUTH, system(1, 2, 13)), resamples=100)).startswith(
        "DER: 4.62 % and 12.31 %, difference 7.69 points (95 %: 0.00 points to "
    )
