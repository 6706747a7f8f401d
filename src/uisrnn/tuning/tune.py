"""Search for the parameters with which a trained model decodes best, on labelled sequences and without training."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from uisrnn.arguments import InferenceArguments, ModelArguments
from uisrnn.errors import ArgumentError
from uisrnn.progress import bar_for
from uisrnn.randomness import generator_from
from uisrnn.tuning.choice import choose, held_out
from uisrnn.tuning.evaluator import LOCAL_TRIALS, Evaluator
from uisrnn.tuning.space import Space, apply, args_with, ranges_of
from uisrnn.tuning.study import Results, fingerprint_of, load_optuna, open_study, optimise, results
from uisrnn.tuning.task import Metric, Task, chosen_parameters, plan_of, task_of
from uisrnn.uisrnn import UISRNN


@dataclass(frozen=True)
class Tuning:
    """What `tune` found.

    Attributes:
        parameters: the values that are chosen on all sequences; the current ones where no other are better.
        before: mean score of the model with the values that it had.
        cross_validated: mean score of values that are chosen without the sequences that they are scored on.
        score: mean score of `parameters` on the sequences that they are chosen on; expect less elsewhere.
        trials: how many there are, those of earlier calls included.
        applied: whether the model has `parameters` now.
        inference_args: what to predict with, to decode as the model was scored: `beam_size` and `look_ahead` are those
            of `parameters` where these are applied, and `test_iteration` is 1.
    """

    parameters: dict[str, float]
    before: float
    cross_validated: float
    score: float
    trials: int
    applied: bool
    inference_args: InferenceArguments


def tune(
    model: UISRNN,
    sequences: Any,
    labels: Any = None,
    metric: str | Metric = "accuracy",
    *,
    parameters: Sequence[str] | None = None,
    args: object = None,
    trials: int = 50,
    folds: int = 5,
    seed: int | None = None,
    timeout: float | None = None,
    storage: str | os.PathLike[str] | None = None,
    study_name: str = "uisrnn",
    evaluator: Evaluator = LOCAL_TRIALS,
) -> Tuning:
    """Search for decoding parameters with Optuna and give them to the model where they are better; nothing is trained.

    A trial decodes all sequences with other values; its objective is the mean of their scores. The first trial has
    those of the model, the next ones are random, and later ones are proposed by how the earlier ones did
    (Bergstra et al., "Algorithms for hyper-parameter optimization", 2011).

    Scores are kept by sequence, and **chosen** on some sequences are the values nearest to the current ones among all
    trials whose mean there is at most one standard error (of the difference, sequence by sequence) below the best:
    so a gain that a single sequence brings is none, and of many values that are equally good, the model gets those
    that change least. For cross-validation, values are chosen on all folds but one and scored on that one, for each in
    turn. No choice sees the sequences that it is scored on (though the trials to choose from were proposed by all), so
    this is what to expect on other sequences of the kind. The values that are chosen on all sequences are applied only
    where the cross-validated score is greater than that of the model as it was. The sequences should be none that the
    model was trained on.

    Args:
        model: a trained model. Without an error it has other parameters afterwards, where they are applied; on any
            error, and on an interrupt by the keyboard, it is as before. Its streams must end before.
        sequences: a list of two (T, D) arrays or more.
        labels: as many lists of T strings or integers; None: those of `LabeledSequence`s.
        metric: "accuracy", see `compute_sequence_match_accuracy`; or any function of true and found labels of one
            sequence, two lists of T integers, that is greater where they are more alike.
        parameters: names of `likelihood_scale`, `transition_bias`, `crp_alpha`, `discount` (only of plda and
            context_plda: how much of an independent observation one counts as), `beam_size` and `look_ahead`; None:
            the first four, as far as the model has them. They are searched up to a tenth and ten times what they are
            (`transition_bias` by its odds; `discount` 5 times and up to 1, `beam_size` 4 times, `look_ahead` twice);
            for values further away, tune again.
        args: `InferenceArguments` for whatever is not tuned, any object with those attributes, or None for all
            defaults; of `test_iteration` it is always 1.
        trials: how many there shall be in all, those in `storage` included.
        folds: for cross-validation, each of neighbouring sequences (pieces of one recording should be neighbours);
            where there are fewer sequences, each is one.
        seed: of the search; None: taken from torch's global generator. Equal seeds give equal trials, whether in one
            call or in several, as long as the versions of the libraries and the evaluator's batch size are the same.
        timeout: seconds after which no trial begins, but for the first (the first batch); None: no limit.
        storage: a file in which trials are kept, for a later call with the same model, sequences and arguments to go
            on with, also after an interrupt; only one call at a time. None: they are forgotten.
        study_name: which of the studies in that file.
        evaluator: where trials are done: `uisrnn.distributed.trials.RayTrials` for several at a time, on a cluster.

    Returns:
        What was found, and whether the model has it now.

    Raises:
        ArgumentError: an argument is not acceptable, a score is not a finite number, or the study in `storage` was
            made with something else; the message says with what.
        InputError: sequences or labels have a wrong shape, dimension or length, or there are fewer than two.
        InputTypeError: they are not arrays or lists at all.
        NotFittedError: the model was never trained.
        MissingExtraError: Optuna is not installed.
        OSError: the file cannot be opened.

    >>> import numpy as np, uisrnn
    >>> generator = np.random.default_rng(0)
    >>> labels = [list("aaabbbccaab"), list("aabbbaabbcc")] * 4
    >>> places = generator.normal(size=(8, 3, 4)) * 2
    >>> sequences = [np.array([p["abc".index(c)] for c in l]) for p, l in zip(places, labels)]
    >>> sequences = [one + generator.normal(size=one.shape) * 0.5 for one in sequences]
    >>> model = uisrnn.UISRNN(uisrnn.ModelArguments("plda", observation_dim=4, seed=0, verbosity=0))
    >>> history = model.fit(sequences[:4], labels[:4])
    >>> model.likelihood_scale = 0.01
    >>> tuning = uisrnn.tune(model, sequences[4:], labels[4:], trials=15, seed=0)
    >>> tuning.applied, tuning.before < tuning.cross_validated <= tuning.score
    (True, True)
    >>> labels_found = model.predict(sequences[0], tuning.inference_args)
    """
    library = load_optuna()
    if not isinstance(evaluator, Evaluator):
        raise ArgumentError(f"evaluator must be one, for example RayTrials(workers=4), but is {evaluator!r:.80}")
    plan = plan_of(trials, folds, timeout)
    ModelArguments(seed=seed)
    task = task_of(model, sequences, labels, metric, args)
    current = chosen_parameters(task, parameters)
    space = Space(library, current, ranges_of(task.tunables))
    study = open_study(library, storage, study_name, fingerprint_of(model, task, current))
    bar = bar_for(model.arguments.verbosity, plan.trials, "tuning")
    drawn = int(generator_from(seed).integers(2**62))
    with evaluator.ready(task) as runner:
        optimise(library, study, runner, space, plan, drawn, bar)
    tuning = _concluded(results(library, study), task, space, plan.folds)
    if tuning.applied:
        apply(model, task.tunables, tuning.parameters)
    model.logger.info(
        "%d trials: %.4f before, %.4f cross-validated; %s %s",
        tuning.trials, tuning.before, tuning.cross_validated,
        "applied" if tuning.applied else "not better, left out:", tuning.parameters,
    )  # fmt: skip
    return tuning


def _concluded(found: Results, task: Task, space: Space, folds: int) -> Tuning:
    distances = np.array([space.distance(one) for one in found.coordinates])
    before, cross_validated = found.scores[found.start].mean(), held_out(found.scores, distances, folds).mean()
    chosen = choose(found.scores, distances)
    applied = chosen != found.start and bool(cross_validated > before)
    parameters = space.current if chosen == found.start else space.values(found.coordinates[chosen])
    return Tuning(
        parameters=parameters,
        before=float(before),
        cross_validated=float(cross_validated),
        score=float(found.scores[chosen].mean()),
        trials=found.trials,
        applied=applied,
        inference_args=args_with(task.args, parameters if applied else {}),
    )
