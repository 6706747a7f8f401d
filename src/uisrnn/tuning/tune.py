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
    """The result of `tune`.

    Attributes:
        parameters: the values chosen on all sequences; the current values if no other values are better.
        before: mean score of the model with the values before `tune`.
        cross_validated: mean score of values that are chosen without the sequences that they are scored on.
        score: mean score of `parameters` on the sequences that they were chosen on; expect less on other sequences.
        trials: number of all trials, the trials of earlier calls included.
        applied: whether the model has `parameters` now.
        inference_args: arguments for `predict` that decode as the model was scored: `test_iteration` is 1, and
            `beam_size` and `look_ahead` are the values in `parameters` if these are applied.
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
    """Search for decoding parameters with Optuna, and give them to the model if they are better; nothing is trained.

    A trial decodes all sequences with other values; its objective is the mean of their scores. The first trial has the
    current values of the model, the next trials are random, and later trials are proposed from the results of earlier
    trials (Bergstra et al., "Algorithms for hyper-parameter optimization", 2011).

    Scores are kept by sequence. The values **chosen** on some sequences belong to the trial nearest to the current
    values among the trials whose mean score is at most a standard error (of the difference, sequence by sequence)
    below the best. So a gain on a single sequence does not count, and of many equally good values the model gets those
    that change least. In cross-validation, each fold in turn is left out: values are chosen on the others and scored
    on this fold. A choice does not see the sequences that it is scored on, although all sequences influence the
    proposals. So the cross-validated score is an estimate for other sequences of the same kind. The values chosen on
    all sequences are applied only if the cross-validated score exceeds the score of the current values. The model
    should not have been trained on the sequences.

    Args:
        model: a trained model. If the values are applied, it has other parameters afterwards; after an error or an
            interrupt by the keyboard it is unchanged. Its streams must end before.
        sequences: a list of at least two (T, D) arrays.
        labels: a list of T strings or integers for each sequence; None: the labels of `LabeledSequence`s.
        metric: "accuracy", see `compute_sequence_match_accuracy`; or a function of the true and the predicted labels of
            a sequence, two lists of T integers, with larger values for more similar labels.
        parameters: some of `likelihood_scale`, `transition_bias`, `crp_alpha`, `discount` (only of plda and
            context_plda: the weight of an observation as a share of an independent observation), `beam_size` and
            `look_ahead`; None: the first four, as far as the model has them. Each is searched from a tenth to ten
            times its current value (`transition_bias` by its odds; `discount` by a factor of 5 up to 1, `beam_size` by
            4, `look_ahead` by 2); for values further away, tune again.
        args: `InferenceArguments` of the parameters that are not tuned, any object with the same attributes, or None
            for all defaults; `test_iteration` is always 1.
        trials: number of all trials, the trials in `storage` included.
        folds: number of folds for cross-validation. A fold holds neighbouring sequences, so pieces of a recording
            should be neighbours. With fewer sequences than folds, each sequence is a fold.
        seed: seed of the search; None: drawn from torch's global generator. Equal seeds give equal trials, in a single
            call or in several, for the same versions of the libraries and the same batch size of the evaluator.
        timeout: seconds after which no trial begins, except the first batch; None: no limit.
        storage: a file that keeps the trials. A later call with the same model, sequences and arguments continues with
            them, also after an interrupt; only one call at a time may use it. None: the trials are not kept.
        study_name: name of the study in that file.
        evaluator: the place of the trials; `uisrnn.distributed.trials.RayTrials` runs several trials at once, on a
            cluster.

    Returns:
        The result, and whether the model has the values now.

    Raises:
        ArgumentError: an argument is not acceptable, a score is not a finite number, or the study in `storage` belongs
            to another model, other sequences or other arguments; the message names the difference.
        InputError: sequences or labels have a wrong shape, dimension or length, or there are fewer than two.
        InputTypeError: sequences or labels are not arrays or lists.
        NotFittedError: the model was never trained.
        MissingExtraError: Optuna is not installed.
        OSError: the file cannot be opened.

    >>> import numpy as np, uisrnn
    >>> generator = np.random.default_rng(0)
    >>> labels = [list("aaabbbccaab"), list("aabbbaabbcc")] * 4
    >>> places = generator.normal(size=(8, 3, 4)) * 2
    >>> sequences = [np.array([p["abc".index(c)] for c in l]) for p, l in zip(places, labels)]
    >>> sequences = [x + generator.normal(size=x.shape) * 0.5 for x in sequences]
    >>> model = uisrnn.UISRNN(uisrnn.ModelArguments("plda", observation_dim=4, seed=0, verbosity=0))
    >>> history = model.fit(sequences[:4], labels[:4])
    >>> model.likelihood_scale = 0.01
    >>> tuning = uisrnn.tune(model, sequences[4:], labels[4:], trials=15, seed=0)
    >>> tuning.applied, tuning.before < tuning.cross_validated <= tuning.score
    (True, True)
    >>> predicted = model.predict(sequences[0], tuning.inference_args)
    """
    library = load_optuna()
    if not isinstance(evaluator, Evaluator):
        raise ArgumentError(
            f"evaluator must be an Evaluator, for example RayTrials(workers=4), but is {evaluator!r:.80}"
        )
    plan = plan_of(trials, folds, timeout)
    seed = ModelArguments.accepted("seed", seed)
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


def _concluded(trials: Results, task: Task, space: Space, folds: int) -> Tuning:
    distances = np.array([space.distance(coordinates) for coordinates in trials.coordinates])
    before = trials.scores[trials.start].mean()
    cross_validated = held_out(trials.scores, distances, folds).mean()
    chosen = choose(trials.scores, distances)
    applied = chosen != trials.start and bool(cross_validated > before)
    parameters = space.current if chosen == trials.start else space.values(trials.coordinates[chosen])
    return Tuning(
        parameters=parameters,
        before=float(before),
        cross_validated=float(cross_validated),
        score=float(trials.scores[chosen].mean()),
        trials=trials.trials,
        applied=applied,
        inference_args=args_with(task.args, parameters if applied else {}),
    )
