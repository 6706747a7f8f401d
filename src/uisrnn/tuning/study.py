"""A study of Optuna in memory or in a file, and its trials."""

import dataclasses
import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from uisrnn import extras
from uisrnn.errors import ArgumentError
from uisrnn.progress import Progress
from uisrnn.tuning.choice import ScoreTable
from uisrnn.tuning.evaluator import TrialRunner
from uisrnn.tuning.space import Space
from uisrnn.tuning.task import Plan, SequenceScores, Task
from uisrnn.uisrnn import UISRNN

if TYPE_CHECKING:
    import optuna

_START = "start"  # marks the trial with the current values of the model
_SCORES = "scores"
_FINGERPRINT = "uisrnn"


def load_optuna() -> ModuleType:
    """Optuna, or a `MissingExtraError` with the command that installs it."""
    return extras.load("optuna", "tune", "tune")


# --- the file ---


def open_study(
    library: ModuleType, storage: str | os.PathLike[str] | None, name: str, fingerprint: Mapping[str, Any]
) -> "optuna.Study":
    """A new study, or the study in a file."""
    try:
        with _quiet(library):
            study: optuna.Study = library.create_study(
                storage=_journal(library, storage), study_name=name, direction="maximize", load_if_exists=True
            )
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise ArgumentError(f"storage {storage}: this is not a file of tune, or it is damaged: {error!r}") from error
    stored = study.user_attrs.get(_FINGERPRINT)
    if stored is None and not study.user_attrs and not study.get_trials(deepcopy=False):
        study.set_user_attr(_FINGERPRINT, dict(fingerprint))
    elif stored != fingerprint:
        different = [fact for fact in fingerprint if stored is None or stored.get(fact) != fingerprint[fact]]
        raise ArgumentError(
            f"storage {storage}: study {name!r} was made with other {', '.join(different)}; go on with the same ones, "
            "the model as it was before it was tuned, or give another study_name"
        )
    return study


def _journal(library: ModuleType, storage: str | os.PathLike[str] | None) -> Any:
    if storage is None:
        return None
    backend = library.storages.journal
    path = os.fspath(storage)
    return library.storages.JournalStorage(backend.JournalFileBackend(path, backend.JournalFileOpenLock(path)))


@contextmanager
def _quiet(library: ModuleType) -> Iterator[None]:
    """Suppress the messages of Optuna about new studies; the log level belongs to the process and is restored."""
    before = library.logging.get_verbosity()
    library.logging.set_verbosity(library.logging.WARNING)
    try:
        yield
    finally:
        library.logging.set_verbosity(before)


def fingerprint_of(model: UISRNN, task: Task, names: Iterable[str]) -> dict[str, Any]:
    """All that scores depend on, by names for error messages."""
    observations = hashlib.sha256()
    labels = hashlib.sha256()
    for sequence in task.sequences:
        observations.update(repr(sequence.observations.shape).encode() + sequence.observations.tobytes())
        labels.update(repr(None if sequence.labels is None else sequence.labels.tolist()).encode())
    return {
        "model": model.fingerprint(),
        "sequences": observations.hexdigest(),
        "labels": labels.hexdigest(),
        "parameters": sorted(names),
        "metric": task.metric_name,
        "args": dataclasses.asdict(task.args),
    }


# --- the trials ---


def optimise(
    library: ModuleType,
    study: "optuna.Study",
    runner: TrialRunner,
    space: Space,
    plan: Plan,
    seed: int,
    progress: Progress,
) -> None:
    """Run trials until the planned number or the timeout is reached."""
    end = time.monotonic() + plan.timeout
    state = library.trial.TrialState
    _queue(library, study, space)
    with progress as watched:
        done = len(_trials(study, state.COMPLETE, state.PRUNED))
        watched.advance(min(done, plan.trials))
        while done < plan.trials and (not done or time.monotonic() < end):
            after = min(plan.trials, done - done % runner.batch_size + runner.batch_size)
            batch = [_asked(library, study, space, seed, number, runner.batch_size) for number in range(done, after)]
            for trial, scores in zip(batch, runner.scores([_values(trial, space) for trial in batch]), strict=True):
                _tell(library, study, trial, scores)
                watched.advance(best=study.best_value)
            done = after


def _queue(library: ModuleType, study: "optuna.Study", space: Space) -> None:
    """Queue the trials that an interrupt or a kill stopped, and the trial with the current values of the model."""
    state = library.trial.TrialState
    for trial in _trials(study, state.RUNNING):
        study.tell(trial.number, state=state.FAIL)
        if trial.params.keys() == space.distributions.keys():
            study.enqueue_trial(trial.params, user_attrs={name: True for name in trial.user_attrs if name == _START})
    if not any(_START in trial.user_attrs for trial in _trials(study, state.COMPLETE, state.WAITING)):
        study.enqueue_trial(space.start, user_attrs={_START: True})


def _asked(
    library: ModuleType, study: "optuna.Study", space: Space, seed: int, number: int, batch_size: int
) -> "optuna.Trial":
    """The next trial. It has a sampler of its own, so a resumed study equals an uninterrupted study."""
    state = np.random.SeedSequence([seed, number]).generate_state(1)
    # the scores of the other trials of the batch are unknown; the sampler assumes bad scores, so the batch spreads
    study.sampler = library.samplers.TPESampler(seed=int(state[0]), constant_liar=batch_size > 1)
    return study.ask(space.distributions)


def _values(trial: "optuna.Trial", space: Space) -> dict[str, float]:
    return {} if _START in trial.user_attrs else space.values(trial.params)


def _tell(library: ModuleType, study: "optuna.Study", trial: "optuna.Trial", scores: SequenceScores | None) -> None:
    if scores is None:
        study.tell(trial, state=library.trial.TrialState.PRUNED)
    else:
        trial.set_user_attr(_SCORES, scores)
        study.tell(trial, float(np.mean(scores)))


def _trials(study: "optuna.Study", *states: Any) -> list["optuna.trial.FrozenTrial"]:
    return study.get_trials(deepcopy=False, states=states)


# --- the results ---


@dataclass(frozen=True)
class Results:
    """The results of the trials of a study.

    Attributes:
        scores: (trials, sequences) of the trials with scores.
        coordinates: coordinates of the parameters in each of these trials.
        start: number of the trial with the current values of the model.
        trials: number of all trials, with or without scores.
    """

    scores: ScoreTable
    coordinates: list[dict[str, float]]
    start: int
    trials: int


def results(library: ModuleType, study: "optuna.Study") -> Results:
    """The results of all trials of a study, in their order."""
    state = library.trial.TrialState
    trials = _trials(study, state.COMPLETE)
    return Results(
        scores=np.array([trial.user_attrs[_SCORES] for trial in trials]),
        coordinates=[trial.params for trial in trials],
        start=next(number for number, trial in enumerate(trials) if _START in trial.user_attrs),
        trials=len(_trials(study, state.COMPLETE, state.PRUNED)),
    )
