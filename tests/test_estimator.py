"""UISRNNClusterer: what scikit-learn asks of an estimator, and sequences that stay whole in its tools."""

import dataclasses
import pickle
import subprocess
import sys

import numpy as np
import pandas
import pytest
import sklearn
import torch
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_estimator,
    parametrize_with_checks,
)

import uisrnn
from uisrnn import LabeledSequence, estimator
from uisrnn.arguments import recommended_arguments
from uisrnn.estimator import UISRNNClusterer

DIM = 4


def conversations(number, seed=0, noise=1.0):
    """Turns of three speakers who are others in each conversation; near enough for some errors."""
    generator = np.random.default_rng(seed)
    sequences, labels = [], []
    for _ in range(number):
        turns = np.repeat(generator.integers(3, size=6), generator.integers(1, 6, size=6))
        labels.append(["abc"[one] for one in turns])
        sequences.append(generator.normal(size=(3, DIM))[turns] * 2 + noise * generator.normal(size=(len(turns), DIM)))
    return sequences, labels


X, Y = conversations(12)
LENGTHS = [len(one) for one in X]
FLAT_X, FLAT_Y = np.concatenate(X), np.concatenate(Y)
GROUPS = np.repeat([f"call {number}" for number in range(12)], LENGTHS)


def new(**parameters):
    return UISRNNClusterer(**{"discriminative_iteration": 0, "seed": 0, "verbosity": 0, **parameters})


@pytest.fixture(scope="module")
def fitted():
    return new().fit(X, Y)


# --- the checks of scikit-learn ---

ESTIMATORS = [
    UISRNNClusterer(seed=0, verbosity=0),
    UISRNNClusterer(observation_model="gru", rnn_hidden_size=4, train_iteration=2, seed=0, verbosity=0),
]
DO_NOT_APPLY = {
    "check_clustering": "fits without labels, and there is nothing to learn from then",
    "check_methods_sample_order_invariance": "observations are a sequence: another order is another conversation",
    "check_methods_subset_invariance": "the label of an observation depends on those before it",
}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda estimator: DO_NOT_APPLY)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda one: one.observation_model)
def test_the_checks_that_do_not_apply_are_those_that_fail(estimator):
    results = check_estimator(estimator, expected_failed_checks=DO_NOT_APPLY, on_skip=None)
    assert {one["check_name"] for one in results if one["status"] == "xfail"} == set(DO_NOT_APPLY)
    assert sum(one["status"] == "passed" for one in results) >= 35


def test_columns_of_data_frames_are_known_by_name():
    check_dataframe_column_names_consistency("UISRNNClusterer", new())
    table = pandas.DataFrame(FLAT_X, columns=list("pqrs"))
    clusterer = new().fit(table, pandas.Series(FLAT_Y), lengths=pandas.Series(LENGTHS))
    assert clusterer.feature_names_in_.tolist() == list("pqrs")
    assert not hasattr(clusterer.fit(X, Y), "feature_names_in_")


# --- sequences in a list or in one array ---


def test_a_list_gives_lists_and_an_array_an_array(fitted):
    listed = fitted.predict(X)
    assert [len(one) for one in listed] == LENGTHS
    assert all(type(label) is int for one in listed for label in one)
    stacked = fitted.predict(FLAT_X, lengths=LENGTHS)
    assert (stacked.dtype, stacked.tolist()) == (np.int64, sum(listed, []))


@pytest.mark.parametrize("cut", [{"lengths": LENGTHS}, {"groups": GROUPS}], ids=["lengths", "groups"])
def test_an_array_with_its_sequences_is_the_list_of_them(fitted, cut):
    stacked = new().fit(FLAT_X, FLAT_Y, **cut)
    assert stacked.model_.fingerprint() == fitted.model_.fingerprint()
    assert stacked.predict(FLAT_X, **cut).tolist() == fitted.predict(FLAT_X, lengths=LENGTHS).tolist()
    assert stacked.score(FLAT_X, FLAT_Y, **cut) == fitted.score(X, Y)
    assert new().fit_predict(FLAT_X, FLAT_Y, **cut).tolist() == stacked.predict(FLAT_X, **cut).tolist()


def test_observations_of_a_group_need_not_be_neighbours(fitted):
    order = np.argsort(np.concatenate([np.arange(one) for one in LENGTHS]), kind="stable")
    mixed = {"X": FLAT_X[order], "groups": GROUPS[order]}
    clusterer = new().fit(**mixed, y=FLAT_Y[order])
    assert clusterer.model_.fingerprint() == fitted.model_.fingerprint()
    assert clusterer.predict(**mixed).tolist() == fitted.predict(FLAT_X, lengths=LENGTHS)[order].tolist()
    assert clusterer.score(**mixed, y=FLAT_Y[order]) == fitted.score(X, Y)


def test_without_lengths_and_groups_an_array_is_one_sequence(fitted):
    assert fitted.predict(FLAT_X).tolist() == fitted.predict([FLAT_X])[0]
    assert fitted.score(FLAT_X, FLAT_Y) == fitted.score([FLAT_X], [FLAT_Y])


def test_labeled_sequences_bring_their_labels(fitted):
    sequences = [LabeledSequence(x, y, name="call") for x, y in zip(X, Y, strict=True)]
    clusterer = new().fit(sequences)
    assert clusterer.model_.fingerprint() == fitted.model_.fingerprint()
    assert clusterer.score(sequences) == fitted.score(X, Y)
    assert clusterer.predict(sequences[0]).tolist() == clusterer.predict(sequences)[0]
    assert clusterer.score(sequences[0]) == fitted.score(X[:1], Y[:1])
    assert clusterer.score(sequences, [["a"] * len(one) for one in sequences]) < fitted.score(X, Y)


def two_at_a_time(seed):
    """Two of three speakers at each time."""
    generator = np.random.default_rng(seed)
    pairs = np.array([generator.permutation(3)[:2] for _time in range(8)]).ravel()
    x = generator.normal(size=(3, DIM))[pairs] * 2 + generator.normal(size=(len(pairs), DIM))
    return LabeledSequence(x, ["abc"[one] for one in pairs], np.arange(len(pairs)) // 2 + 0.5, f"call {seed}")


def test_observations_of_one_time_get_different_labels():
    sequences = [two_at_a_time(seed) for seed in range(8)]
    clusterer = new().fit(sequences)
    assert (
        clusterer.model_.transition_bias
        != new().fit([one.observations for one in sequences], [one.labels for one in sequences]).model_.transition_bias
    )
    found = clusterer.predict(sequences)
    for labels in [*found, clusterer.predict(sequences[0])]:
        assert all(labels[0::2] != np.array(labels[1::2]))


def test_one_sequence_is_fitted_and_labelled_with_its_times():
    call = two_at_a_time(0)
    clusterer = new().fit(call)
    assert clusterer.model_.transition_bias == new().fit([call]).model_.transition_bias
    assert clusterer.predict(call).tolist() == clusterer.predict([call])[0]
    halves = clusterer.predict(call, lengths=[8, 8])
    assert all(halves[0::2] != halves[1::2])


def test_the_score_is_the_mean_accuracy_of_sequences_long_and_short_ones_alike(fitted):
    sequences, labels = [X[0], X[1][:1]], [Y[0], Y[1][:1]]
    found = fitted.predict(X[0])
    accuracy = uisrnn.compute_sequence_match_accuracy(Y[0], found)
    assert accuracy < 1
    assert fitted.score(sequences, labels) == pytest.approx((accuracy + 1) / 2)


def test_weights_of_the_score_are_those_of_sequences_or_of_observations(fitted):
    each = np.array([fitted.score([x], [y]) for x, y in zip(X, Y, strict=True)])
    weights = np.arange(12.0)
    assert fitted.score(X, Y, sample_weight=weights) == pytest.approx(np.average(each, weights=weights))
    assert fitted.score(X, Y, sample_weight=LENGTHS) == pytest.approx(np.average(each, weights=LENGTHS))
    flat = {"lengths": LENGTHS, "sample_weight": np.repeat(weights, LENGTHS)}
    assert fitted.score(FLAT_X, FLAT_Y, **flat) == pytest.approx(np.average(each, weights=weights))
    flat["sample_weight"] = np.ones(len(FLAT_X))
    assert fitted.score(FLAT_X, FLAT_Y, **flat) == pytest.approx(fitted.score(X, Y))


@pytest.mark.parametrize("weights", [[1] * 11, [0] * 12, [-1] + [1] * 11, [np.nan] * 12, 3])
def test_weights_that_are_none(fitted, weights):
    with pytest.raises(uisrnn.InputError, match="sample_weight must be 12 numbers >= 0, not all of them 0"):
        fitted.score(X, Y, sample_weight=weights)
    with pytest.raises(uisrnn.InputTypeError, match="sample_weight must be 12 numbers, but"):
        fitted.score(X, Y, sample_weight=["one"] * 12)


def test_whole_numbers_in_floating_point_are_labels(fitted):
    codes = np.unique(FLAT_Y, return_inverse=True)[1].astype(float)
    clusterer = new().fit(FLAT_X, codes, lengths=LENGTHS)
    assert clusterer.model_.fingerprint() == fitted.model_.fingerprint()


def test_observations_are_checked_once(monkeypatch):
    from uisrnn.sequences import observations

    checked, check = [], observations._require_finite
    monkeypatch.setattr(
        observations, "_require_finite", lambda single, *others: (checked.append(len(single)), check(single, *others))
    )
    new().fit(X, Y)
    assert checked == LENGTHS


# --- the tools of scikit-learn ---

GRID = {"plda_dim": [1, 3], "likelihood_scale": [0.1, 1.0]}
FOLDS = GroupKFold(3)


def routed(**parameters):
    """It is handed groups where a search splits them."""
    return new(**parameters).set_fit_request(groups=True).set_score_request(groups=True)


def expected_scores(plda_dim, likelihood_scale):
    """Those of a list of sequences, fold by fold."""
    scores = []
    for train, test in FOLDS.split(X, groups=range(12)):
        clusterer = new(plda_dim=plda_dim, likelihood_scale=likelihood_scale)
        clusterer.fit([X[number] for number in train], [Y[number] for number in train])
        scores.append(clusterer.score([X[number] for number in test], [Y[number] for number in test]))
    return scores


def fold_scores(search):
    folds = [search.cv_results_[f"split{fold}_test_score"] for fold in range(3)]
    return {(one["plda_dim"], one["likelihood_scale"]): s for one, *s in zip(search.cv_results_["params"], *folds)}  # noqa: B905


def test_a_grid_search_over_a_list_of_sequences_keeps_groups_together():
    search = GridSearchCV(new(), GRID, cv=FOLDS, error_score="raise").fit(X, Y, groups=range(12))
    found = fold_scores(search)
    assert found == {parameters: expected_scores(*parameters) for parameters in found}
    assert len({tuple(one) for one in found.values()}) > 1
    assert search.best_score_ == max(map(np.mean, found.values()))
    assert search.predict(X) == search.best_estimator_.predict(X)


def test_a_grid_search_over_one_array_scores_whole_sequences():
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(routed(), GRID, cv=FOLDS, error_score="raise").fit(FLAT_X, FLAT_Y, groups=GROUPS)
    splits = [np.unique(GROUPS[test]) for _train, test in FOLDS.split(FLAT_X, groups=GROUPS)]
    for parameters, found in fold_scores(search).items():
        for test, score in zip(splits, found, strict=True):
            of_train, of_test = (
                [number for number in range(12) if (f"call {number}" in test) is inside] for inside in (False, True)
            )
            clusterer = new(plda_dim=parameters[0], likelihood_scale=parameters[1])
            clusterer.fit([X[number] for number in of_train], [Y[number] for number in of_train])
            assert score == clusterer.score([X[number] for number in of_test], [Y[number] for number in of_test])


def test_lengths_that_were_not_split_with_the_array_are_an_error():
    with sklearn.config_context(enable_metadata_routing=True):
        clusterer = new().set_fit_request(lengths=True).set_score_request(lengths=True)
        search = GridSearchCV(clusterer, GRID, cv=3, error_score="raise")
        with pytest.raises(uisrnn.InputError, match="as in a cross-validation, pass groups instead"):
            search.fit(FLAT_X, FLAT_Y, lengths=LENGTHS)


def test_a_search_runs_in_several_processes():
    alone, together = (
        GridSearchCV(new(), {"plda_dim": [1, 3]}, cv=FOLDS, error_score="raise", n_jobs=jobs).fit(
            X, Y, groups=range(12)
        )
        for jobs in (1, 2)
    )
    assert together.cv_results_["mean_test_score"].tolist() == alone.cv_results_["mean_test_score"].tolist()
    assert together.best_estimator_.model_.fingerprint() == alone.best_estimator_.model_.fingerprint()


def pipeline(clusterer):
    return Pipeline([("scaler", StandardScaler()), ("pca", PCA(3)), ("clusterer", clusterer)])


def test_a_pipeline_hands_on_lengths():
    whole = pipeline(new()).fit(FLAT_X, FLAT_Y, clusterer__lengths=LENGTHS)
    projected = PCA(3).fit_transform(StandardScaler().fit_transform(FLAT_X))
    parts = new().fit(np.split(projected, np.cumsum(LENGTHS)[:-1]), Y)
    assert whole["clusterer"].model_.fingerprint() == parts.model_.fingerprint()
    assert whole.predict(FLAT_X, lengths=LENGTHS).tolist() == parts.predict(projected, lengths=LENGTHS).tolist()


def test_a_search_over_a_pipeline_scores_whole_sequences():
    with sklearn.config_context(enable_metadata_routing=True):
        found = cross_val_score(
            pipeline(routed()), FLAT_X, FLAT_Y, params={"groups": GROUPS}, cv=FOLDS, error_score="raise"
        )
        search = GridSearchCV(pipeline(routed()), {"pca__n_components": [3]}, cv=FOLDS, error_score="raise")
        assert search.fit(FLAT_X, FLAT_Y, groups=GROUPS).best_score_ == found.mean()
    expected = []
    for train, test in FOLDS.split(FLAT_X, groups=GROUPS):
        before = Pipeline([("scaler", StandardScaler()), ("pca", PCA(3))]).fit(FLAT_X[train])
        clusterer = new().fit(before.transform(FLAT_X[train]), FLAT_Y[train], groups=GROUPS[train])
        expected.append(clusterer.score(before.transform(FLAT_X[test]), FLAT_Y[test], groups=GROUPS[test]))
    assert found.tolist() == expected
    assert len(set(expected)) > 1


@pytest.mark.parametrize("observation_model", ["context_plda", "gru"])
def test_a_fitted_one_can_be_pickled(observation_model):
    clusterer = new(observation_model=observation_model, rnn_hidden_size=4, train_iteration=2).fit(X, Y)
    twin = pickle.loads(pickle.dumps(clusterer))
    assert twin.predict(X) == clusterer.predict(X)
    assert twin.get_params() == clusterer.get_params()


def test_a_clone_is_not_fitted(fitted):
    twin = clone(fitted)
    assert twin.get_params() == fitted.get_params()
    assert not hasattr(twin, "model_")


# --- parameters ---


def test_parameters_are_the_recommended_arguments():
    recommended = {name: value for one in recommended_arguments() for name, value in dataclasses.asdict(one).items()}
    parameters = UISRNNClusterer().get_params()
    assert parameters.pop("same_names") is not recommended["enforce_cluster_id_uniqueness"]
    assert parameters.pop("discriminative_iteration") is None  # the recommended number, if there are enough sequences
    assert parameters == {name: recommended[name] for name in parameters}


def test_few_sequences_are_fitted_in_closed_form_unless_iterations_are_given():
    few = X[:9], Y[:9]
    closed = new(discriminative_iteration=None, plda_dim=2).fit(*few)
    trained = new(discriminative_iteration=2, plda_dim=2).fit(*few)
    assert (len(closed.history_.discriminative), len(trained.history_.discriminative)) == (0, 2)


def test_ten_sequences_are_trained_discriminatively(monkeypatch):
    monkeypatch.setattr(estimator, "_ITERATIONS", 3)
    assert len(new(discriminative_iteration=None, plda_dim=2).fit(X[:10], Y[:10]).history_.discriminative) == 3


def test_parameters_reach_model_and_training():
    clusterer = new(plda_dim=2, plda_context=1, transition_bias=0.3, crp_alpha=0.5, discriminative_iteration=3)
    model = clusterer.fit(X, Y).model_
    assert (model.arguments.plda_dim, model.arguments.plda_context) == (2, 1)
    assert (model.transition_bias, model.crp_alpha) == (0.3, 0.5)
    assert len(clusterer.history_.discriminative) == 3
    gru = new(observation_model="gru", rnn_hidden_size=5, train_iteration=2, learning_rate=0.02).fit(X, Y)
    assert (gru.model_.arguments.rnn_hidden_size, gru.history_.learning_rate) == (5, [0.02, 0.02])


def test_parameters_of_decoding_may_change_after_training():
    clusterer = new().fit(X, Y)
    before = clusterer.predict(X)
    args = uisrnn.InferenceArguments(beam_size=1, look_ahead=2, likelihood_scale=2.0, test_iteration=1)
    after = clusterer.set_params(beam_size=1, look_ahead=2, likelihood_scale=2.0).predict(X)
    assert after == clusterer.model_.predict(X, args)
    assert after != before


def test_same_names_are_the_same_clusters():
    assert new(same_names=True).fit(X, Y).model_.fingerprint() != new().fit(X, Y).model_.fingerprint()


def test_without_a_seed_torchs_generator_decides():
    with torch.random.fork_rng(devices=[]):
        prints = [
            new(seed=None, discriminative_iteration=2).fit(X, Y).model_.fingerprint()
            for seed in (1, 2, 1)
            if torch.manual_seed(seed)
        ]
    assert prints[0] == prints[2] != prints[1]


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ({"observation_model": "hmm"}, "observation_model must be one of 'gru'"),
        ({"beam_size": 0}, "beam_size must be"),
        ({"likelihood_scale": -1}, "likelihood_scale must be"),
        ({"train_iteration": None}, "train_iteration must be"),
        ({"same_names": "yes"}, "same_names must be True or False, but is 'yes'"),
        ({"same_names": None}, "same_names must be True or False, but is None"),
        ({"seed": "one"}, "seed must be"),
    ],
)
def test_fit_refuses_what_the_constructor_lets_pass(parameter, message):
    clusterer = new(**parameter)
    with pytest.raises(uisrnn.ArgumentError, match=message):
        clusterer.fit(X, Y)
    assert not hasattr(clusterer, "n_features_in_")


# --- what is refused ---


@pytest.mark.parametrize("method", ["predict", "score"])
def test_before_fit_it_says_so_in_the_words_of_both(method):
    with pytest.raises(uisrnn.NotFittedError, match="is not fitted") as caught:
        getattr(new(), method)(X)
    assert isinstance(caught.value, NotFittedError)


BAD = [
    (([], []), {}, uisrnn.InputError, "X must hold at least one sequence"),
    ((X, Y[:-1]), {}, uisrnn.InputError, "a list of labels for each of 12 sequences, but are 11"),
    ((X, [*Y[:-1], Y[-1][1:]]), {}, uisrnn.InputError, "sequence 11: .* need as many labels"),
    ((X, None), {}, uisrnn.InputError, "requires y to be passed"),
    ((X, 3), {}, uisrnn.InputTypeError, "must be a list of label lists"),
    (([X[0], X[1][:, :3]], Y[:2]), {}, uisrnn.InputError, "sequence 1: observations must be"),
    (([X[0], "no"], Y[:2]), {}, uisrnn.InputTypeError, "sequence 1: observations must be an array"),
    (([LabeledSequence(X[0], name="call")],), {}, uisrnn.InputError, "call: labels are needed, but it has none"),
    ((LabeledSequence(X[0]),), {}, uisrnn.InputTypeError, "y: labels must be a list or an array, but are NoneType"),
    ((X, Y), {"lengths": [12]}, uisrnn.ArgumentError, "X is a list of sequences"),
    ((X, Y), {"groups": range(12)}, uisrnn.ArgumentError, "X is a list of sequences"),
    ((FLAT_X, FLAT_Y[:-1]), {}, uisrnn.InputError, "y must be as many as there are observations"),
    ((FLAT_X, FLAT_Y), {"lengths": LENGTHS[:-1]}, uisrnn.InputError, "lengths must be integers >= 1 with the sum"),
    ((FLAT_X, FLAT_Y), {"groups": GROUPS[:-1]}, uisrnn.InputError, "groups must be as many as there are"),
    (
        (FLAT_X, FLAT_Y),
        {"groups": GROUPS, "lengths": LENGTHS},
        uisrnn.ArgumentError,
        "pass lengths or groups, not both",
    ),
    ((FLAT_X * np.nan, FLAT_Y), {"lengths": LENGTHS}, uisrnn.InputError, "sequence 0: observation 0 is not finite"),
    ((FLAT_X.astype(str), FLAT_Y), {}, uisrnn.InputError, "not compatible with arrays of bytes/strings"),
    ((np.ma.masked_greater(FLAT_X, 0), FLAT_Y), {}, uisrnn.InputError, "X is partly masked"),
    ((csr_matrix(FLAT_X), FLAT_Y), {}, uisrnn.InputTypeError, "Sparse data was passed for X"),
    ((torch.ones(2, 2, requires_grad=True), "ab"), {}, uisrnn.InputTypeError, "requires grad"),
    (("text", "text"), {}, uisrnn.InputError, "Expected 2D array, got scalar array"),
    ((None, FLAT_Y), {}, uisrnn.InputError, "Expected 2D array, got scalar array"),
    (({"a": 1}, FLAT_Y), {}, uisrnn.InputError, "Expected 2D array, got scalar array"),
]


@pytest.mark.parametrize(("given", "cut", "error", "message"), BAD)
def test_bad_input_is_named(fitted, given, cut, error, message):
    with pytest.raises(error, match=message):
        new().fit(*given, **cut)
    with pytest.raises(error, match=message):
        fitted.score(*given, **cut)


def test_another_dimension_than_that_of_training_is_named(fitted):
    with pytest.raises(uisrnn.InputError, match="X has 3 features, but UISRNNClusterer is expecting 4"):
        fitted.predict(FLAT_X[:, :3])
    with pytest.raises(uisrnn.InputError, match=r"sequence 1: observations must be \(T, 4\)"):
        fitted.predict([X[0], X[1][:, :3]])


@pytest.mark.slow
def test_without_scikit_learn_it_says_what_to_install():
    code = "import sys; sys.modules['sklearn'] = None; import uisrnn.estimator"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "UISRNNClusterer needs sklearn: pip install 'uisrnn[sklearn]'" in done.stderr
