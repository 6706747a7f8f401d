"""Use the model as an estimator of scikit-learn: in a Pipeline, and in a GridSearchCV that keeps sequences whole.

python examples/scikit_learn.py
"""

import numpy as np
import sklearn
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import uisrnn

DIM = 24


def sequence(places, generator):
    """Six turns of three clusters."""
    labels = np.repeat(generator.permutation(len(places))[:3].repeat(2), generator.integers(3, 9, 6))
    return places[labels] + 0.8 * generator.normal(size=(len(labels), DIM)), labels


def stacked(pairs):
    """All observations in a single array, as pipelines need them, their labels, and the numbers of their sequences."""
    groups = np.repeat(np.arange(len(pairs)), [len(labels) for _, labels in pairs])
    return np.concatenate([x for x, _ in pairs]), np.concatenate([labels for _, labels in pairs]), groups


def main():
    """Choose the number of components by cross-validation over sequences, and score on other sequences."""
    generator = np.random.default_rng(0)
    places = generator.normal(size=(60, DIM))
    x, labels, groups = stacked([sequence(places[:40], generator) for _ in range(30)])
    test_x, test_labels, test_groups = stacked([sequence(places[40:], generator) for _ in range(10)])

    sklearn.set_config(enable_metadata_routing=True)  # passes groups to fit and score
    clusterer = uisrnn.UISRNNClusterer(discriminative_iteration=0, same_names=True, seed=0, verbosity=1)
    clusterer.set_fit_request(groups=True).set_score_request(groups=True)
    pipeline = Pipeline([("scaler", StandardScaler()), ("pca", PCA()), ("clusterer", clusterer)])
    search = GridSearchCV(pipeline, {"pca__n_components": [4, 12, 24]}, cv=GroupKFold(5))
    search.fit(x, labels, groups=groups)

    for parameters, score in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True):
        print(f"{parameters}: {score:.1%}")
    print(f"best: {search.best_params_}; on other clusters {search.score(test_x, test_labels, groups=test_groups):.1%}")


if __name__ == "__main__":
    main()
