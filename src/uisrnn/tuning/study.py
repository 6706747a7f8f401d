"""Optuna: a study in memory or in a file, and its trials."""

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

_START = "start"  # marks the trial with the values that the model had
_SCORES = "scores"
_FINGERPRINT = "uisrnn"


def load_optuna() -> ModuleType:
    """Optuna, or an error that says how to install it."""
    return extras.load("optuna", "tune", "tune")


# --- the file ---


def open_study(
    library: ModuleType, storage: str | os.PathLike[str] | None, name: str, fingerprint: Mapping[str, Any]
) -> "optuna.Study":
    """A new study, or that of the file."""
    try:
        with _quiet(library):
            study: optuna.Study = library.create_study(
                storage=_journal(library, storage), study_name=name, direction="maximize", load_if_exists=True
            )
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise ArgumentError(f"storage {storage}: this is not a file of tune, or it is damaged: {error!r}") from error
    known = study.user_attrs.get(_FINGERPRINT)
    if known is None and not study.user_attrs and not study.get_trials(deepcopy=False):
        study.set_user_attr(_FINGERPRINT, dict(fingerprint))
    elif known != fingerprint:
        different = [one for one in fingerprint if known is None or known.get(one) != fingerprint[one]]
        raise ArgumentError(
            f"storage {storage}: study {name!r} was made with other {', '.join(different)}; go on with the same ones, "
            "the model as it was before it was tuned, or give another study_name"
        )
    return study


def _journal(library: ModuleType, storage: str | os.PathLike[str] | None) -> Any:
    if storage is None:
        return None
    backend, path = library.storages.journal, os.fspath(storage)
    return library.storages.JournalStorage(backend.JournalFileBackend(path, backend.JournalFileOpenLock(path)))


@contextmanager
def _quiet(library: ModuleType) -> Iterator[None]:
    """Without what Optuna logs about new studies; its level, which the process has only one of, is put back."""
    before = library.logging.get_verbosity()
    library.logging.set_verbosity(library.logging.WARNING)
    try:
        yield
    finally:
        library.logging.set_verbosity(before)


def fingerprint_of(model: UISRNN, task: Task, names: Iterable[str]) -> dict[str, Any]:
    """What scores depend on, by the words of error messages."""
    observations, labels = hashlib.sha256(), hashlib.sha256()
    for one in task.sequences:
        observations.update(repr(one.observations.shape).encode() + one.observations.tobytes())
        labels.update(repr(None if one.labels is None else one.labels.tolist()).encode())
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
    """Run trials until there are enough or time is over."""
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
    """The trials that come first: those that were begun, but not ended for an interrupt or a kill, and the start."""
    state = library.trial.TrialState
    for one in _trials(study, state.RUNNING):
        study.tell(one.number, state=state.FAIL)
        if one.params.keys() == space.distributions.keys():
            study.enqueue_trial(one.params, user_attrs={name: True for name in one.user_attrs if name == _START})
    if not any(_START in one.user_attrs for one in _trials(study, state.COMPLETE, state.WAITING)):
        study.enqueue_trial(space.start, user_attrs={_START: True})


def _asked(
    library: ModuleType, study: "optuna.Study", space: Space, seed: int, number: int, batch_size: int
) -> "optuna.Trial":
    """The next trial, with a sampler of its own, so that a study that goes on is as one that was never interrupted."""
    state = np.random.SeedSequence([seed, number]).generate_state(1)
    # of the others of its batch, only their values are known: taken for bad, so that the batch spreads
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


# --- what they gave ---


@dataclass(frozen=True)
class Results:
    """What the trials of a study gave.

    Attributes:
        scores: (trials, sequences) of those trials that have scores.
        coordinates: what Optuna had for the parameters in each of them.
        start: which of them is the one with the values that the model had.
        trials: how many there are, those without scores included.
    """

    scores: ScoreTable
    coordinates: list[dict[str, float]]
    start: int
    trials: int


def results(library: ModuleType, study: "optuna.Study") -> Results:
    """What all trials of a study gave, in their order."""
    state = library.trial.TrialState
    trials = _trials(study, state.COMPLETE)
    return Results(
        scores=np.array([one.user_attrs[_SCORES] for one in trials]),
        coordinates=[one.params for one in trials],
        start=next(number for number, one in enumerate(trials) if _START in one.user_attrs),
        trials=len(_trials(study, state.COMPLETE, state.PRUNED)),
    )
