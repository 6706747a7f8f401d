"""The class UISRNN: a model that can be trained, a thin face of `uisrnn.training`."""

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from numbers import Integral
from typing import Any

import torch

from uisrnn.arguments import TrainingArguments
from uisrnn.checkpoint import Checkpoint
from uisrnn.corpus.corpus import Corpus
from uisrnn.corpus.dataset import Dataset
from uisrnn.errors import ArgumentError, InputTypeError
from uisrnn.kept import OF_THE_PROCESS, KeptModel
from uisrnn.model.joint import Joint
from uisrnn.progress import bar_for
from uisrnn.randomness import deterministic_algorithms, torch_kept
from uisrnn.sequences import coded as data
from uisrnn.sequences.labeled import front_ends_of
from uisrnn.sequences.labels import Label
from uisrnn.sequences.observations import is_single
from uisrnn.training.checkpoints import Checkpoints, Forgetful, Keeping, require_checkpoints
from uisrnn.training.course import Course, Surroundings, run
from uisrnn.training.deadline import Deadline
from uisrnn.training.discriminative import DiscriminativeStage
from uisrnn.training.draws import Draws
from uisrnn.training.failure import restored_on_failure
from uisrnn.training.history import History
from uisrnn.training.hypotheses import LearnedPrior
from uisrnn.training.objectives import expected_errors
from uisrnn.training.scalars import crp_alpha_of, transition_bias_of
from uisrnn.training.team import ALONE, Team, agreed, succeeded
from uisrnn.training.trainers import FEWEST_SEQUENCES, Folds, Lesson, trainer_for
from uisrnn.training.watcher import NOBODY, Watcher, progress_of, require_watcher


class UISRNN(KeptModel):
    """Unbounded interleaved-state recurrent neural network, arXiv:1810.04719.

    Args:
        args: `ModelArguments`, any object with those attributes, or None for all defaults.

    Attributes:
        arguments: what it was made with, or what its file says.
        transition_bias_denominator: the weight of that estimate when `fit` is called again.
        logger: a standard logger whose level follows `verbosity`.
        fitted: whether it was trained, here or before it was saved.

    Several threads may predict with one model; only one at a time may train it or load into it.

    Raises:
        ArgumentError: an argument is not acceptable.

    >>> import numpy as np, uisrnn
    >>> model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=2, rnn_hidden_size=8, seed=1))
    >>> x = np.array([[0, 0], [0, 0], [1, 1], [1, 1], [0, 0], [1, 1]])
    >>> args = uisrnn.TrainingArguments(train_iteration=200, learning_rate=0.02)
    >>> history = model.fit([x] * 4, [list("aabbab")] * 4, args)
    >>> model.predict(x)
    [0, 0, 1, 1, 0, 1]
    """

    def __init__(self, args: object = None) -> None:
        super().__init__(args)
        self._trainer = trainer_for(self._observation)

    def _become(self, found: Checkpoint) -> None:
        super()._become(found)
        self._trainer = trainer_for(self._observation)

    def fit(
        self,
        train_sequences: Any,
        train_cluster_ids: Any = None,
        args: object = None,
        *,
        watcher: Watcher = NOBODY,
        checkpoints: Checkpoints | None = None,
        team: Team = ALONE,
    ) -> History:
        """Train on labelled sequences; called again, go on from where the model is.

        First by what generates the sequences: the GRU by gradient steps, the closed forms of the others from these
        sequences alone. Then, where `discriminative_iteration` asks for it and there are 5 sequences or more, by what
        the decoder makes of them, with a part kept apart to stop in time.

        A step whose loss is not finite is skipped; after ten in a row training stops.

        Args:
            train_sequences: a list of (T, D) arrays or `LabeledSequence`s, or one (N, D) array of concatenated
                sequences. With the latter, each boundary between two sequences counts as a label change in the estimate
                of `transition_bias`. Or what need not be in memory: a `Dataset`, the path of a file or a folder, or
                any iterable of `LabeledSequence`s; the model is the same.
            train_cluster_ids: a list of lists of T strings or integers, or one of N; None: those of the
                `LabeledSequence`s.
            args: `TrainingArguments`, any object with those attributes, or None for all defaults.
            watcher: told the figures of training while it goes on, a `TensorBoard` for example.
            checkpoints: a folder for what a later call needs to go on, should this one be killed.
            team: the processes that train this model together, each calling `fit` with the same arguments and the same
                `Dataset`, of which it reads its share; a `ProcessGroup`, for example under `torchrun`.

        Returns:
            Each loss term at each iteration.

        Raises:
            ArgumentError: an argument is not acceptable.
            InputError: sequences or labels have a wrong shape, dimension or length, or values that are not finite.
            InputTypeError: they are not arrays or lists at all.
            TrainingError: losses or a weight are not finite, or covariances cannot be computed. Training that fails or
                is interrupted leaves a GRU with the weights that it came to, any other model as it was, and does not
                count for scalars and `fitted`.
            CheckpointError: the last checkpoint is damaged, or of another training.
            OSError: a file of the dataset cannot be read, or a disk is full; the last checkpoint is whole.
        """
        training_args = TrainingArguments.of(args)
        require_watcher(watcher)
        require_checkpoints(checkpoints)
        if not isinstance(team, Team):
            raise ArgumentError(f"team must be one, for example ProcessGroup(), but is {team!r:.80}")
        deadline = Deadline(training_args.max_time)
        with (
            self._corpus(train_sequences, train_cluster_ids, team) as (corpus, front_ends),
            self._trainer.guard(),
            watcher,
        ):
            watcher.started(model=dataclasses.asdict(self.arguments), training=dataclasses.asdict(training_args))
            keeper = self._keeper(corpus, training_args, checkpoints, team)
            around = Surroundings(team, keeper, deadline, training_args.patience)
            lesson = Lesson(corpus, training_args, Draws(keeper.seed, team.rank), around)
            with closing(keeper):
                history, learned, denominator = self._learn(lesson, watcher)
            watcher.learned(
                transition_bias=learned.prior.transition.bias,
                crp_alpha=learned.prior.crp_alpha,
                likelihood_scale=learned.likelihood_scale,
            )
        self._take(learned, denominator)
        self._remember(front_ends)
        self.fitted = self.fitted or self._trainer.learns_with(training_args)
        return history

    @contextmanager
    def _corpus(
        self, train_sequences: Any, train_cluster_ids: Any, team: Team
    ) -> Iterator[tuple[Corpus, set[str | None]]]:
        """The checked sequences that `fit` is given, and the names of the front ends that made them."""
        dataset = Dataset.of(train_sequences)
        if dataset is None:
            if team.size > 1:
                raise ArgumentError("train_sequences must be a Dataset, or a path, where several processes train")
            labeled, single = data.labeled(train_sequences, train_cluster_ids, self.observation_dim)
            if single and self.estimate_transition_bias:
                self.logger.info(
                    "transition_bias is estimated from one sequence; if it is several, concatenated, each boundary "
                    "counts as a change: pass a list of sequences, or transition_bias"
                )
            yield Corpus.of(labeled), front_ends_of(train_sequences)
            return
        if train_cluster_ids is not None:
            raise ArgumentError("train_cluster_ids must be None where sequences are read, which have their labels")
        progress = bar_for(self.arguments.verbosity, None, "reading")
        staged = dataset.staged(self.observation_dim, (team.rank, team.size), progress)
        with ExitStack() as stack:
            corpus = succeeded(team, lambda: stack.enter_context(staged))
            for one in dataset.skipped:
                self.logger.warning("left out: %s", one.why)
            yield agreed(team, corpus), set().union(*team.gather(dataset.front_ends))

    def _remember(self, front_ends: set[str | None]) -> None:
        """The front end of all sequences, if they have one."""
        if len(front_ends) > 1:
            names = sorted(name or "unknown" for name in front_ends)
            self.logger.warning("observations are of several front ends: %s; the model will not refuse any", names)
        self.front_end = next(iter(front_ends)) if len(front_ends) == 1 else None

    def _keeper(
        self, corpus: Corpus, args: TrainingArguments, checkpoints: Checkpoints | None, team: Team
    ) -> Forgetful | Keeping:
        if team.size > 1 and len(set(team.gather(self.fingerprint()))) > 1:
            raise ArgumentError("all processes must begin with equal models: give each the same seed, or the same file")
        seed = team.gather(self.draw_seed())[0]
        if checkpoints is None:
            return Forgetful(seed)
        scalars = (self.transition_bias, self.transition_bias_denominator, self.crp_alpha, self.likelihood_scale)
        facts = {
            "number of processes": team.size,
            "scalars of the model": [*dataclasses.astuple(self.conventions), *scalars],
            "training arguments": _but(dataclasses.asdict(args), "max_time"),
            "model arguments": _but(dataclasses.asdict(self.arguments), *OF_THE_PROCESS),
            "sequences": team.gather(corpus.fingerprint()),
        }
        keeping = checkpoints.begin(facts, seed, team)
        if keeping.resumed_from is not None:
            self.logger.info("going on from %s", keeping.resumed_from)
        elif checkpoints.resume:
            self.logger.warning("there is no checkpoint in %s yet: beginning", checkpoints.folder)
        return keeping

    def _learn(self, lesson: Lesson, watcher: Watcher) -> tuple[History, Joint[Any], float]:
        """All of training: what happened, the model that it gave, and the weight of its p0."""
        with self._torch_set_for(lesson.args):
            generative, folds = self._fit_observation(lesson, watcher)
            learned, denominator = self._estimated(lesson)
            discriminative = Course()
            if folds.train and generative.ended:  # not where time was over before
                learned, discriminative = self._fit_discriminatively(learned, folds, lesson, watcher)
        return History.of(generative, discriminative), learned, denominator

    def fit_concatenated(self, train_sequence: Any, train_cluster_id: Any, args: object = None) -> History:
        """Train the observation model only, by what generates observations, on one (N, D) array; see `fit`.

        Args:
            train_sequence: (N, D).
            train_cluster_id: N labels, unique to their clusters.
            args: see `fit`.

        Returns:
            Each loss term at each iteration.

        Raises:
            InputError, InputTypeError, ArgumentError, TrainingError: as `fit` does.
        """
        where = "train_sequence"
        if not is_single(train_sequence):
            raise InputTypeError(f"{where} must be one (N, D) array; fit() takes a list of sequences")
        labeled, _single = data.labeled(train_sequence, train_cluster_id, self.observation_dim)
        training_args = dataclasses.replace(TrainingArguments.of(args), discriminative_iteration=0)
        corpus = Corpus.of(labeled)
        keeper = self._keeper(corpus, training_args, None, ALONE)
        around = Surroundings(ALONE, keeper, Deadline(training_args.max_time), training_args.patience)
        lesson = Lesson(corpus, training_args, Draws(keeper.seed), around)
        with self._trainer.guard(), self._torch_set_for(training_args):
            course, _folds = self._fit_observation(lesson, NOBODY)
        self.fitted = self.fitted or self._trainer.learns_with(training_args)
        return History.of(course, Course())

    def _estimated(self, lesson: Lesson) -> tuple[Joint[Any], float]:
        """The model with scalars from these labels, as far as they are not given, and the weight of p0 later.

        The estimate of p0 is averaged with those of earlier calls, each weighted by its denominator.
        """
        corpus, team = lesson.corpus, lesson.around.team
        bias, alpha, denominator = self.transition_bias, self.crp_alpha, self.transition_bias_denominator
        if self.estimate_transition_bias:
            estimate, weight = transition_bias_of(corpus, team)
            earlier = 0.0 if bias is None else bias * denominator
            denominator += weight
            bias = (earlier + estimate * weight) / denominator
        if self.estimate_crp_alpha:
            alpha = crp_alpha_of(corpus, team)
        assert bias is not None
        assert alpha is not None
        return self._joint_of(bias, alpha, self.likelihood_scale), denominator

    def _take(self, learned: Joint[Any], denominator: float) -> None:
        """Have these scalars from now on."""
        self.transition_bias_denominator = denominator
        if self.estimate_transition_bias:
            self.transition_bias = learned.prior.transition.bias
        if self.estimate_crp_alpha:
            self.crp_alpha = learned.prior.crp_alpha
        self.likelihood_scale = learned.likelihood_scale

    @contextmanager
    def _torch_set_for(self, args: TrainingArguments) -> Iterator[None]:
        """What training changes of torch's settings, which the process has only one of, is put back."""
        with ExitStack() as stack:
            stack.enter_context(torch_kept(self.device))
            stack.enter_context(torch.inference_mode(False))  # parameters that are made in it have no gradients
            if args.deterministic or self.device.type == "cpu":
                stack.enter_context(deterministic_algorithms())
            yield

    def _fit_observation(self, lesson: Lesson, watcher: Watcher) -> tuple[Course, Folds]:
        self.online_predict(reset=True)
        args = lesson.args
        progress = progress_of("generative", args, self.arguments.verbosity, watcher)
        course, folds = self._trainer.fit(lesson, progress)
        if course.iteration:
            self.logger.info(
                "trained %d iterations on %d sequences; last loss %s",
                course.iteration, len(lesson.corpus), course.losses[-1] if course.losses else None,
            )  # fmt: skip
        self._tell(course, args.train_iteration)
        if (args.discriminative_iteration and not folds.train) or (args.patience and not lesson.keeps_apart):
            self.logger.warning(
                "%s needs %d sequences, but there are %d: left out",
                "discriminative training" if args.discriminative_iteration else "patience",
                FEWEST_SEQUENCES, len(lesson.corpus),
            )  # fmt: skip
        return course, folds

    def _fit_discriminatively(
        self, start: Joint[Any], folds: Folds, lesson: Lesson, watcher: Watcher
    ) -> tuple[Joint[Any], Course]:
        """The model with what was learned, and how it went; weights change in place."""
        args = lesson.args
        prior = LearnedPrior(start, learn_bias=self.estimate_transition_bias, learn_alpha=self.estimate_crp_alpha)
        iterations = args.discriminative_iteration
        progress = progress_of("discriminative", args, self.arguments.verbosity, watcher)
        stage = DiscriminativeStage(
            folds.train, folds.development, prior, expected_errors, iterations,
            self._trainer.learning_rate, lesson.draws, lesson.around.team,
        )  # fmt: skip
        with restored_on_failure([*stage.parameters]):
            course = run(stage, lesson.around, progress)
        learned = prior.joint(self._observation)
        self.logger.info(
            "trained discriminatively, kept iteration %d: transition_bias=%.3f, crp_alpha=%.3f, likelihood_scale=%.3f",
            course.chosen, learned.prior.transition.bias, learned.prior.crp_alpha, learned.likelihood_scale,
        )  # fmt: skip
        self._tell(course, iterations)
        return learned, course

    def _tell(self, course: Course, iterations: int) -> None:
        """What a user should know of how a stage went."""
        if course.skipped:
            self.logger.warning("skipped %d iterations whose loss was not finite", len(course.skipped))
        if not course.ended:
            self.logger.warning("time was over after %d of %d iterations", course.iteration, iterations)


def _but(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """All entries without these."""
    return {name: value for name, value in values.items() if name not in names}


def parallel_predict(
    model: UISRNN, test_sequences: Any, args: object = None, num_processes: Any = 4
) -> list[list[Label]]:
    """`model.predict` with a given number of workers, which takes as many as there are cores; the same labels.

    Args:
        model: the model; it is shared, not copied: the workers are threads.
        test_sequences: a list of (T, D) arrays.
        args: see `UISRNN.predict`.
        num_processes: number of workers.

    Returns:
        As many lists of labels.

    Raises:
        InputTypeError: `test_sequences` is not a list of sequences.
        ArgumentError, InputError, NotFittedError: as `predict` does.
    """
    if is_single(test_sequences):
        raise InputTypeError("test_sequences must be a list of (T, D) arrays")
    if isinstance(num_processes, bool) or not isinstance(num_processes, Integral) or num_processes < 1:
        raise ArgumentError(f"num_processes must be an integer >= 1, but is {num_processes!r}")
    labels, _scores, _single = model._predict(test_sequences, args, None, False, int(num_processes))
    return labels
