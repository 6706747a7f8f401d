"""The front door of training: a model and a corpus in, the trained model and its history out."""

import dataclasses
import logging
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from uisrnn.arguments import PROCESS_ARGUMENTS, TrainingArguments
from uisrnn.corpus.corpus import Corpus
from uisrnn.errors import ArgumentError
from uisrnn.model.model import Model
from uisrnn.parallel import limited, products_on, threads_for_products
from uisrnn.randomness import deterministic_algorithms, torch_kept
from uisrnn.training.checkpoints import Checkpoints
from uisrnn.training.discriminative import CROP_LENGTH, DiscriminativeStage
from uisrnn.training.draws import Draws
from uisrnn.training.expected_errors import expected_errors
from uisrnn.training.history import History
from uisrnn.training.loop import Checkpointer, Deadline, StageContext, StageRecord, run
from uisrnn.training.scalars import crp_alpha_of, transition_bias_of, transition_spread_of
from uisrnn.training.sequence_scores import LearnedPrior
from uisrnn.training.team import SINGLE_PROCESS, Team
from uisrnn.training.tensors import largest_weight, restored_on_failure
from uisrnn.training.trainer import FEWEST_SEQUENCES, Folds, Trainer, TrainingTask
from uisrnn.training.watcher import SILENT_WATCHER, Watcher, progress_of


@dataclass(frozen=True)
class Context:
    """The environment of a training: all that is no model, no data and no argument.

    Attributes:
        seed: seed of all random numbers, unless the training resumes; the seed of the first process of a team counts.
        logger: receives messages for users.
        deadline: moment after which no iteration begins.
        team: processes that train the model together, each with its share of the sequences.
        checkpoints: settings of checkpoints; None: no checkpoints.
        watcher: receives the figures of the training.
    """

    seed: int
    logger: logging.Logger
    deadline: Deadline
    team: Team = SINGLE_PROCESS
    checkpoints: Checkpoints | None = None
    watcher: Watcher = SILENT_WATCHER


def fit(
    model: Model, trainer: Trainer, corpus: Corpus, args: TrainingArguments, context: Context
) -> tuple[Model, History]:
    """Train a model: first the observation model, then p0 and alpha, then all together discriminatively.

    Args:
        model: its weights change in place.
        trainer: the trainer of this observation model; it may hold the state of an optimizer.
        corpus: labelled sequences; of several processes, the share of this process.
        args: see `TrainingArguments`.
        context: see `Context`.

    Returns:
        The model with its new scalars, and each loss at each iteration.

    Raises:
        ArgumentError, TrainingError, CheckpointError, OSError: see `UISRNN.fit`.
    """
    with trainer.guard(), context.watcher as watcher:
        watcher.started(model=dataclasses.asdict(model.arguments), training=dataclasses.asdict(args))
        with closing(_checkpointer(model, corpus, args, context)) as checkpointer:
            task = _task(corpus, args, context, checkpointer)
            with _torch_settings(model, args):
                learned, history = _learned(model, trainer, task, context)
        watcher.learned(
            transition_bias=learned.joint().prior.transition.bias,
            crp_alpha=learned.joint().prior.crp_alpha,
            likelihood_scale=learned.likelihood_scale,
        )
    return learned, history


def fit_observation_model(
    model: Model, trainer: Trainer, corpus: Corpus, args: TrainingArguments, context: Context
) -> tuple[Model, History]:
    """Train the observation model only, without checkpoints, watcher and discriminative training; see `fit`."""
    args = dataclasses.replace(args, discriminative_iteration=0)
    context = dataclasses.replace(context, checkpoints=None, watcher=SILENT_WATCHER)
    with trainer.guard(), _torch_settings(model, args):
        task = _task(corpus, args, context, _checkpointer(model, corpus, args, context))
        record, _folds = _fit_observation_model(model, trainer, task, context)
    return _marked(model, trainer, args), History.of(record, StageRecord())


def _task(corpus: Corpus, args: TrainingArguments, context: Context, checkpointer: Checkpointer) -> TrainingTask:
    stage_context = StageContext(context.team, checkpointer, context.deadline, args.patience)
    return TrainingTask(corpus, args, Draws(checkpointer.seed, context.team.rank), stage_context)


def _checkpointer(model: Model, corpus: Corpus, args: TrainingArguments, context: Context) -> Checkpointer:
    team = context.team
    checkpoints = context.checkpoints
    if team.size > 1 and len(set(team.gather(model.fingerprint()))) > 1:
        raise ArgumentError("all processes must begin with equal models: give each the same seed, or the same file")
    seed: int = team.gather(context.seed)[0]
    if checkpoints is None:
        return Checkpointer(seed)
    transition = (model.transition_bias, model.transition_bias_denominator, model.transition_spread)
    scalars = (*transition, model.crp_alpha, model.likelihood_scale)
    facts = {
        "number of processes": team.size,
        "scalars of the model": [*dataclasses.astuple(model.conventions), *scalars],
        "training arguments": _without(dataclasses.asdict(args), "max_time"),
        "model arguments": _without(dataclasses.asdict(model.arguments), *PROCESS_ARGUMENTS),
        "sequences": team.gather(corpus.fingerprint()),
    }
    checkpointer = checkpoints.begin(facts, seed, team)
    if checkpointer.resumed_from is not None:
        context.logger.info("going on from %s", checkpointer.resumed_from)
    elif checkpoints.resume:
        context.logger.warning("there is no checkpoint in %s yet: beginning", checkpoints.folder)
    return checkpointer


def _without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


@contextmanager
def _torch_settings(model: Model, args: TrainingArguments) -> Iterator[None]:
    """Settings of torch for training; they belong to the process and are restored afterwards."""
    device = model.observation.device
    with ExitStack() as stack:
        stack.enter_context(limited(model.arguments.threads))
        stack.enter_context(torch_kept(device))
        stack.enter_context(torch.inference_mode(False))  # parameters that are made in it have no gradients
        if args.deterministic or device.type == "cpu":
            stack.enter_context(deterministic_algorithms())
        yield


def _learned(model: Model, trainer: Trainer, task: TrainingTask, context: Context) -> tuple[Model, History]:
    generative, folds = _fit_observation_model(model, trainer, task, context)
    learned = _with_estimates(model, task)
    discriminative = StageRecord()
    if folds.train and generative.ended:  # else the deadline was over before
        learned, discriminative = _fit_discriminatively(learned, trainer, folds, task, context)
    return _marked(learned, trainer, task.args), History.of(generative, discriminative)


def _marked(model: Model, trainer: Trainer, args: TrainingArguments) -> Model:
    return dataclasses.replace(model, fitted=model.fitted or trainer.learns_with(args))


def _fit_observation_model(
    model: Model, trainer: Trainer, task: TrainingTask, context: Context
) -> tuple[StageRecord, Folds]:
    args = task.args
    logger = context.logger
    progress = progress_of("generative", args, model.arguments.verbosity, context.watcher)
    record, folds = trainer.fit(task, progress)
    if record.iteration:
        last_loss = record.losses[-1] if record.losses else None
        logger.info(
            "trained %d iterations on %d sequences; last loss %s", record.iteration, len(task.corpus), last_loss
        )
    _log(record, args.train_iteration, logger)
    if (args.discriminative_iteration and not folds.train) or (args.patience and not task.keeps_apart):
        wish = "discriminative training" if args.discriminative_iteration else "patience"
        logger.warning("%s needs %d sequences, but there are %d: left out", wish, FEWEST_SEQUENCES, len(task.corpus))
    return record, folds


def _with_estimates(model: Model, task: TrainingTask) -> Model:
    """The model with p0, r and alpha from the labels, unless the arguments give them.

    p0 is the mean of the estimates of all calls so far, weighted by their denominators.
    """
    corpus = task.corpus
    team = task.context.team
    if model.estimates_transition_bias:
        estimate, weight = transition_bias_of(corpus, team)
        earlier = 0.0 if model.transition_bias is None else model.transition_bias * model.transition_bias_denominator
        denominator = model.transition_bias_denominator + weight
        bias = (earlier + estimate * weight) / denominator
        model = dataclasses.replace(model, transition_bias=bias, transition_bias_denominator=denominator)
    if model.estimates_transition_spread:
        assert model.transition_bias is not None
        spread = transition_spread_of(corpus, model.transition_bias, team)
        model = dataclasses.replace(model, transition_spread=spread)
    if model.estimates_crp_alpha:
        model = dataclasses.replace(model, crp_alpha=crp_alpha_of(corpus, team))
    return model


def _fit_discriminatively(
    model: Model, trainer: Trainer, folds: Folds, task: TrainingTask, context: Context
) -> tuple[Model, StageRecord]:
    args = task.args
    prior = LearnedPrior(
        model.joint(), learn_bias=model.estimates_transition_bias, learn_alpha=model.estimates_crp_alpha
    )
    stage = DiscriminativeStage(
        folds.train, folds.development, prior, expected_errors, args.discriminative_iteration,
        trainer.learning_rate, task.draws, task.context.team, trainer.starting_scales,
    )  # fmt: skip
    progress = progress_of("discriminative", args, model.arguments.verbosity, context.watcher)
    threads = threads_for_products(CROP_LENGTH * largest_weight(stage.parameters))
    with restored_on_failure([*stage.parameters]), products_on(threads):
        record = run(stage, task.context, progress)
    learned = model.with_scalars_of(prior.joint(model.observation))
    context.logger.info(
        "trained discriminatively, kept iteration %d: transition_bias=%.3f, crp_alpha=%.3f, likelihood_scale=%.3f",
        record.chosen, learned.transition_bias, learned.crp_alpha, learned.likelihood_scale,
    )  # fmt: skip
    _log(record, args.discriminative_iteration, context.logger)
    return learned, record


def _log(record: StageRecord, iterations: int, logger: logging.Logger) -> None:
    """Warn of skipped iterations and of a deadline."""
    if record.skipped:
        logger.warning("skipped %d iterations whose loss was not finite", len(record.skipped))
    if not record.ended:
        logger.warning("time was over after %d of %d iterations", record.iteration, iterations)
