"""Tuning: better parameters where there are some, none where there are not, and never a model that is half changed."""

import contextlib
import copy
import dataclasses
import math
import sys

import numpy as np
import optuna
import pytest

import uisrnn
from conftest import square
from uisrnn import Tuning, tune
from uisrnn.decoding.decoder import Decoder
from uisrnn.evals import compute_sequence_match_accuracy
from uisrnn.tuning.choice import choose, held_out
from uisrnn.tuning.evaluator import LocalTrials

DIM = 4


def conversations(number: int, seed: int, noise: float = 0.5) -> tuple[list[np.ndarray], list[list[str]]]:
    """Turns of three speakers who are others in each conversation."""
    generator = np.random.default_rng(seed)
    labels, sequences = [], []
    for _ in range(number):
        turns = np.repeat(generator.integers(3, size=8), generator.integers(1, 6, size=8))
        labels.append(["abc"[one] for one in turns])
        sequences.append(generator.normal(size=(3, DIM))[turns] * 2 + noise * generator.normal(size=(len(turns), DIM)))
    return sequences, labels


SEQUENCES, LABELS = conversations(8, seed=1)


@pytest.fixture(scope="module")
def fitted() -> uisrnn.UISRNN:
    model = uisrnn.UISRNN(uisrnn.ModelArguments("plda", observation_dim=DIM, seed=0, verbosity=0))
    model.fit(*conversations(20, seed=0))
    return model


@pytest.fixture
def good(fitted) -> uisrnn.UISRNN:
    model = copy.deepcopy(fitted)
    model.likelihood_scale = 1.0
    return model


@pytest.fixture
def bad(fitted) -> uisrnn.UISRNN:
    """It hardly looks at observations."""
    model = copy.deepcopy(fitted)
    model.likelihood_scale = 0.02
    return model


def mean_accuracy(model, sequences, labels) -> float:
    found = model.predict(sequences, uisrnn.InferenceArguments(test_iteration=1))
    return float(np.mean([compute_sequence_match_accuracy(*pair) for pair in zip(labels, found, strict=True)]))


# --- what it does to a model ---


def test_a_badly_scaled_model_gets_better_also_on_other_sequences(bad):
    others = conversations(10, seed=2)
    before, before_on_others = mean_accuracy(bad, SEQUENCES, LABELS), mean_accuracy(bad, *others)
    tuning = tune(bad, SEQUENCES, LABELS, trials=20, seed=0)
    assert tuning.applied
    assert tuning.before == pytest.approx(before)
    assert tuning.before + 0.1 < tuning.cross_validated <= tuning.score
    assert mean_accuracy(bad, SEQUENCES, LABELS) == pytest.approx(tuning.score)
    assert mean_accuracy(bad, *others) > before_on_others + 0.1


def test_the_model_has_what_the_result_says(bad):
    tuning = tune(bad, SEQUENCES, LABELS, trials=20, seed=0)
    assert list(tuning.parameters) == ["likelihood_scale", "transition_bias", "crp_alpha", "discount"]
    assert bad.likelihood_scale == tuning.parameters["likelihood_scale"]
    assert bad.transition_bias == tuning.parameters["transition_bias"]
    assert bad.crp_alpha == tuning.parameters["crp_alpha"]
    assert bad.decoder().search.joint.observation.discount.item() == pytest.approx(tuning.parameters["discount"])


def test_tuned_parameters_are_saved_with_the_model(bad, tmp_path):
    tune(bad, SEQUENCES, LABELS, trials=20, seed=0)
    bad.save(tmp_path / "model.uisrnn")
    assert uisrnn.UISRNN.from_file(tmp_path / "model.uisrnn").fingerprint() == bad.fingerprint()


def test_a_model_without_errors_is_left_alone(good):
    before = good.fingerprint()
    its_own = good.predict(SEQUENCES, uisrnn.InferenceArguments(test_iteration=1))
    tuning = tune(good, SEQUENCES, its_own, trials=12, seed=0)
    assert tuning.before == tuning.cross_validated == tuning.score == 1.0
    assert not tuning.applied
    assert tuning.parameters["likelihood_scale"] == good.likelihood_scale
    assert good.fingerprint() == before


def test_values_that_are_about_as_good_are_left_as_they_are(good):
    before = good.fingerprint()
    tuning = tune(good, *conversations(12, seed=4), trials=20, seed=0)
    assert 0.9 < tuning.before < 1
    assert not tuning.applied
    assert good.fingerprint() == before


def test_a_gain_that_does_not_hold_on_other_folds_is_not_applied(good):
    """Where the score is noise, no choice is better on sequences that it has not seen."""
    noise = np.random.default_rng(0)
    before = good.fingerprint()
    tuning = tune(good, SEQUENCES, LABELS, lambda truth, found: float(noise.normal()), trials=15, seed=0)
    assert tuning.score >= tuning.before
    assert not tuning.applied
    assert good.fingerprint() == before


def test_beam_and_look_ahead_are_for_the_inference_arguments(bad):
    args = uisrnn.InferenceArguments(beam_size=2, max_clusters=4)
    tuning = tune(
        bad, SEQUENCES, LABELS, parameters=["beam_size", "look_ahead", "likelihood_scale"], args=args, trials=15, seed=0
    )
    assert tuning.applied
    assert tuning.inference_args == uisrnn.InferenceArguments(
        beam_size=tuning.parameters["beam_size"],
        look_ahead=tuning.parameters["look_ahead"],
        max_clusters=4,
        test_iteration=1,
    )
    found = bad.predict(SEQUENCES, tuning.inference_args)
    scores = [compute_sequence_match_accuracy(*pair) for pair in zip(LABELS, found, strict=True)]
    assert np.mean(scores) == pytest.approx(tuning.score)
    assert args == uisrnn.InferenceArguments(beam_size=2, max_clusters=4)


def test_the_models_own_stream_ends_where_parameters_are_applied(bad):
    bad.online_predict(SEQUENCES[0][:3])
    tune(bad, SEQUENCES, LABELS, trials=20, seed=0)
    assert bad.online_predict(SEQUENCES[0][0]) == 0


def test_a_gru_has_no_discount(square_model, generator):
    model = copy.deepcopy(square_model)
    sequences, labels = zip(*(square(20, generator) for _ in range(4)), strict=True)
    tuning = tune(model, sequences, labels, trials=2, seed=0)
    assert list(tuning.parameters) == ["likelihood_scale", "transition_bias", "crp_alpha"]
    with pytest.raises(uisrnn.ArgumentError, match="parameters must be some of likelihood_scale"):
        tune(model, sequences, labels, parameters=["discount"])


# --- metrics ---


def test_any_function_can_be_the_metric(bad):
    def as_many_clusters(truth: list[int], found: list[int]) -> float:
        assert all(isinstance(one, int) for one in truth + found)
        return -float(abs(len(set(truth)) - len(set(found))))

    tuning = tune(bad, SEQUENCES, LABELS, as_many_clusters, trials=15, seed=0)
    assert tuning.applied
    assert tuning.before < tuning.cross_validated <= 0


@pytest.mark.parametrize("score", [math.nan, math.inf, None, "0.5"])
def test_a_score_must_be_a_number(good, score):
    with pytest.raises(uisrnn.ArgumentError, match=r"must give a finite number, but gives .* for sequence 0"):
        tune(good, SEQUENCES, LABELS, lambda truth, found: score)


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_a_model_is_as_before_after_an_error_or_an_interrupt(bad, error):
    calls = iter(range(5 * len(SEQUENCES)))

    def metric(truth: list[int], found: list[int]) -> float:
        if next(calls, None) is None:
            raise error
        return compute_sequence_match_accuracy(truth, found)

    before = bad.fingerprint()
    with pytest.raises(error):
        tune(bad, SEQUENCES, LABELS, metric, seed=0)
    assert bad.fingerprint() == before


# --- the search ---


def test_it_is_deterministic_by_seed(bad):
    first, again, other = (tune(copy.deepcopy(bad), SEQUENCES, LABELS, trials=14, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert first.parameters != other.parameters


def test_the_first_trial_is_the_model_as_it_is(bad):
    before = bad.fingerprint()
    tuning = tune(bad, SEQUENCES, LABELS, trials=1)
    assert (tuning.trials, tuning.applied, tuning.before) == (1, False, tuning.score)
    assert tuning.before == mean_accuracy(bad, SEQUENCES, LABELS)
    assert bad.fingerprint() == before


def test_time_can_be_limited_but_for_the_first_trial(good):
    assert tune(good, SEQUENCES, LABELS, timeout=1e-9).trials == 1


def test_values_that_leave_too_much_to_compare_are_looked_away_from(bad, monkeypatch):
    of = Decoder.of

    def refuse_small_scales(joint, args, clusters=None):
        if joint.likelihood_scale < 0.02:
            raise uisrnn.InputError("too many label sequences")
        return of(joint, args, clusters)

    monkeypatch.setattr(Decoder, "of", staticmethod(refuse_small_scales))
    tuning = tune(bad, SEQUENCES, LABELS, trials=15, seed=0)
    assert (tuning.trials, tuning.applied) == (15, True)


def test_optuna_keeps_its_level_and_says_nothing(good, capfd):
    before = optuna.logging.get_verbosity()
    tune(good, SEQUENCES, LABELS, trials=2, seed=0)
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")


# --- several trials at once ---


@dataclasses.dataclass
class Backwards:
    """Does the trials of a batch in another order, as machines of different speed would."""

    batch_size: int
    batches: list[list[dict[str, float]]] = dataclasses.field(default_factory=list)

    @contextlib.contextmanager
    def ready(self, task):
        self._task = task
        yield self

    def scores(self, proposals):
        self.batches.append(proposals)
        return reversed([self._task.scored(one) for one in reversed(proposals)])


@pytest.mark.parametrize("number", [1, 3])
def test_the_order_in_which_a_batch_is_done_decides_nothing(bad, number):
    evaluator = Backwards(number)
    first = tune(copy.deepcopy(bad), SEQUENCES, LABELS, trials=14, seed=0, evaluator=evaluator)
    assert tune(copy.deepcopy(bad), SEQUENCES, LABELS, trials=14, seed=0, evaluator=LocalTrials(number)) == first
    assert [len(one) for one in evaluator.batches] == {1: [1] * 14, 3: [3, 3, 3, 3, 2]}[number]


def test_what_was_found_is_used_for_the_next_batch_not_within_one(bad):
    """The first ten are random, whatever came before."""
    alone, together = Backwards(1), Backwards(5)
    for evaluator in (alone, together):
        tune(copy.deepcopy(bad), SEQUENCES, LABELS, trials=20, seed=0, evaluator=evaluator)
    one_by_one, proposals = (sum(one.batches, []) for one in (alone, together))
    assert proposals[0] == {}
    assert len({tuple(one.values()) for one in proposals}) == 20
    assert one_by_one[:10] == proposals[:10]
    assert one_by_one[10:] != proposals[10:]


def test_time_is_looked_at_before_each_batch_but_the_first(good):
    assert tune(good, SEQUENCES, LABELS, timeout=1e-9, evaluator=LocalTrials(3)).trials == 3


# --- studies in files ---


def test_a_study_goes_on_as_if_it_had_not_been_interrupted(bad, tmp_path):
    whole = tune(copy.deepcopy(bad), SEQUENCES, LABELS, trials=14, seed=0)
    calls = iter(range(12 * len(SEQUENCES) + 3))
    model = copy.deepcopy(bad)

    def accuracy(truth: list[int], found: list[int]) -> float:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return compute_sequence_match_accuracy(truth, found)

    with pytest.raises(KeyboardInterrupt):
        tune(model, SEQUENCES, LABELS, accuracy, trials=14, seed=0, storage=tmp_path / "study")
    calls = iter(range(2 * len(SEQUENCES)))  # the two trials that are left
    assert tune(model, SEQUENCES, LABELS, accuracy, trials=14, seed=0, storage=tmp_path / "study") == whole


def journal(path) -> list[bytes]:
    """What was written into a study, one line a change."""
    return path.read_bytes().splitlines(keepends=True)


def assert_goes_on_after_a_kill(model, folder, batch_size: int, lines) -> None:
    """Whatever was written last, the study ends as the one that was not killed."""
    given = {"trials": 8, "seed": 0, "evaluator": LocalTrials(batch_size)}
    whole = tune(copy.deepcopy(model), SEQUENCES[:3], LABELS[:3], **given, storage=folder / "whole")
    written = journal(folder / "whole")
    for number in lines(len(written)):
        (folder / "killed").write_bytes(b"".join(written[:number]))
        found = tune(copy.deepcopy(model), SEQUENCES[:3], LABELS[:3], **given, storage=folder / "killed")
        assert found == whole, number


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_study_that_was_killed_goes_on_as_if_it_had_not_been(bad, tmp_path, batch_size):
    assert_goes_on_after_a_kill(bad, tmp_path, batch_size, lambda number: range(1, number, 7))


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_a_study_that_was_killed_at_any_moment_goes_on(bad, tmp_path, batch_size):
    assert_goes_on_after_a_kill(bad, tmp_path, batch_size, lambda number: range(1, number))


def test_a_batch_that_was_interrupted_is_done_again_with_the_same_values(bad, tmp_path):
    whole = tune(copy.deepcopy(bad), SEQUENCES, LABELS, trials=12, seed=0, evaluator=LocalTrials(4))
    calls = iter(range(10 * len(SEQUENCES) + 3))  # in the third trial of the third batch

    def accuracy(truth: list[int], found: list[int]) -> float:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return compute_sequence_match_accuracy(truth, found)

    given = {"trials": 12, "seed": 0, "storage": tmp_path / "study", "evaluator": LocalTrials(4)}
    with pytest.raises(KeyboardInterrupt):
        tune(bad, SEQUENCES, LABELS, accuracy, **given)
    calls = iter(range(2 * len(SEQUENCES)))  # the two trials that are left
    assert tune(bad, SEQUENCES, LABELS, accuracy, **given) == whole


def test_a_study_that_has_its_trials_is_only_concluded(bad, tmp_path):
    first = tune(copy.deepcopy(bad), SEQUENCES, LABELS, trials=12, seed=0, storage=tmp_path / "study")
    assert tune(copy.deepcopy(bad), SEQUENCES, LABELS, trials=5, seed=1, storage=tmp_path / "study") == first


def test_a_first_trial_that_was_interrupted_is_done_again(good, tmp_path):
    def interrupt(truth: list[int], found: list[int]) -> float:
        if interrupted.pop():
            raise KeyboardInterrupt
        return 1.0

    interrupted = [False] * 100 + [True]
    with pytest.raises(KeyboardInterrupt):
        tune(good, SEQUENCES, LABELS, interrupt, storage=tmp_path / "study", seed=0)
    tuning = tune(good, SEQUENCES, LABELS, interrupt, storage=tmp_path / "study", seed=0, trials=3)
    assert tuning.parameters["likelihood_scale"] == good.likelihood_scale


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"sequences": [one + 1 for one in SEQUENCES]}, "sequences"),
        ({"labels": [["a"] * len(one) for one in LABELS]}, "labels"),
        ({"parameters": ["crp_alpha"]}, "parameters"),
        ({"metric": lambda truth, found: 0.0}, "metric"),
        ({"args": uisrnn.InferenceArguments(beam_size=3)}, "args"),
    ],
)
def test_a_study_of_something_else_is_refused(good, tmp_path, change, named):
    given = {"sequences": SEQUENCES, "labels": LABELS, "trials": 1, "storage": tmp_path / "study"}
    tune(good, **given)
    with pytest.raises(uisrnn.ArgumentError, match=f"study 'uisrnn' was made with other {named};"):
        tune(good, **{**given, **change})
    assert tune(good, **{**given, **change}, study_name="another").trials == 1


def test_a_study_of_another_model_is_refused(good, bad, tmp_path):
    tune(good, SEQUENCES, LABELS, trials=1, storage=tmp_path / "study")
    with pytest.raises(uisrnn.ArgumentError, match=r"made with other model; .* as it was before it was tuned"):
        tune(bad, SEQUENCES, LABELS, trials=1, storage=tmp_path / "study")


@pytest.mark.parametrize("content", [b"not a study\n", b"3\n", b"{}\n", b"\x80\xff\n"])
def test_a_file_that_is_no_study_is_refused(good, tmp_path, content):
    (tmp_path / "study").write_bytes(content)
    with pytest.raises(uisrnn.ArgumentError, match="not a file of tune, or it is damaged"):
        tune(good, SEQUENCES, LABELS, storage=tmp_path / "study")


def test_a_folder_that_does_not_exist_is_an_error_of_the_system(good, tmp_path):
    with pytest.raises(FileNotFoundError):
        tune(good, SEQUENCES, LABELS, storage=tmp_path / "nowhere" / "study")


# --- the choice ---


def test_of_equally_good_values_the_nearest_are_chosen():
    scores = np.array([[0.5, 0.5, 0.5], [0.9, 0.8, 0.9], [0.9, 0.8, 0.9]])
    assert choose(scores, np.array([0.0, 2.0, 1.0])) == 2


def test_nothing_worse_than_the_current_values_is_chosen():
    """The second is nearer to the best than the first by its own standard error only."""
    scores = np.array([[0.6, 0.6, 0.6, 0.6], [1.1, 0.1, 1.1, -0.1], [0.7, 0.7, 0.7, 0.7]])
    assert choose(scores, np.array([0.0, 1.0, 2.0])) == 2


def test_a_gain_on_a_single_sequence_is_none():
    scores = np.array([[0.9, 0.9, 0.9, 0.9, 0.1], [0.9, 0.9, 0.9, 0.9, 1.0]])
    assert choose(scores, np.array([0.0, 1.0])) == 0


def test_no_sequence_is_scored_with_values_that_were_chosen_on_it():
    """Each trial is best on one fold and worst elsewhere: who looks at the fold gets 1, who does not gets less."""
    scores = 0.5 + 0.5 * np.eye(4)
    scores[0] = 0.6
    assert held_out(scores, np.arange(4.0), folds=4).max() < 1


def test_two_sequences_are_enough(bad):
    tuning = tune(bad, SEQUENCES[:2], LABELS[:2], trials=3, seed=0)
    assert isinstance(tuning, Tuning)


# --- what is refused ---


@pytest.mark.parametrize("batch_size", [0, 1.5, True])
def test_a_batch_must_be_a_number_of_trials(batch_size):
    with pytest.raises(uisrnn.ArgumentError, match="batch_size must be an integer >= 1"):
        LocalTrials(batch_size)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"metric": "der"}, "metric must be 'accuracy' or a function"),
        ({"metric": 3}, "metric must be 'accuracy' or a function"),
        ({"parameters": ["sigma2"]}, "parameters must be some of likelihood_scale"),
        ({"parameters": []}, "parameters must be some of likelihood_scale"),
        ({"parameters": "crp_alpha"}, "parameters must be some of likelihood_scale"),
        ({"trials": 0}, "trials must be an integer >= 1, but is 0"),
        ({"folds": 1}, "folds must be an integer >= 2, but is 1"),
        ({"folds": 2.5}, "folds must be an integer >= 2, but is 2.5"),
        ({"timeout": 0}, "timeout must be a number > 0 of seconds, or None, but is 0"),
        ({"seed": "one"}, "seed must be an integer"),
        ({"evaluator": 4}, "evaluator must be an Evaluator, for example RayTrials.*, but is 4"),
        ({"args": 3}, "InferenceArguments must come from an object"),
        (
            {"args": uisrnn.InferenceArguments(likelihood_scale=1.0), "parameters": ["likelihood_scale"]},
            "likelihood_scale must be None in args",
        ),
    ],
)
def test_bad_arguments(good, wrong, message):
    with pytest.raises(uisrnn.ArgumentError, match=message):
        tune(good, SEQUENCES, LABELS, **wrong)


def test_a_scale_that_is_given_is_not_tuned(good):
    args = uisrnn.InferenceArguments(likelihood_scale=0.5)
    assert "likelihood_scale" not in tune(good, SEQUENCES, LABELS, args=args, trials=1).parameters


def test_sequences_and_labels_are_checked(good):
    with pytest.raises(uisrnn.InputError, match="at least two are needed"):
        tune(good, SEQUENCES[:1], LABELS[:1])
    with pytest.raises(uisrnn.InputError, match="at least two are needed"):
        tune(good, SEQUENCES[0], LABELS[0])
    with pytest.raises(uisrnn.InputError, match=r"sequence 1: .* observations need as many labels"):
        tune(good, SEQUENCES[:2], [LABELS[0], LABELS[1][:-1]])


def test_the_model_must_be_a_trained_one():
    with pytest.raises(uisrnn.NotFittedError, match="never trained"):
        tune(uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=DIM, transition_bias=0.5)), SEQUENCES, LABELS)
    with pytest.raises(uisrnn.ArgumentError, match="a clusterer's is its model_"):
        tune(uisrnn.UISRNNClusterer(), SEQUENCES, LABELS)


def test_without_optuna_it_says_what_to_install(good, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(uisrnn.MissingExtraError, match=r"tune needs optuna: pip install 'uisrnn\[tune\]'"):
        tune(good, SEQUENCES, LABELS)
