"""The loop over gradient steps: what it counts, when it ends, what is kept."""

import math

import pytest
import torch

from trainings import stage_context
from uisrnn.errors import TrainingError
from uisrnn.progress import Silent
from uisrnn.training.checkpoints import Checkpointer
from uisrnn.training.loop import MOST_SKIPPED, StageContext, StageRecord, Step, is_finite, run
from uisrnn.training.team import SINGLE_PROCESS


class Scripted:
    """A stage that does what it is told, and notes what is asked of it.

    Args:
        losses: of the steps; that of a step which is not taken is not finite.
        checks: losses on what was kept apart, by iteration; 1 elsewhere.
        every: iterations from one check to the next; None: nothing was kept apart.
    """

    name, cure = "scripted", "write another script"
    most_unread = 0

    def __init__(self, losses, checks=(), every=None):
        self.iterations, self._losses = len(losses), losses
        self._checks, self._is_checked = dict(checks), every is not None
        self.check_every = every or 7
        self.asked, self.at = [], 0

    def start(self):
        self.asked.append("start")

    def step(self, iteration):
        self.asked.append(iteration)
        self.at = iteration + 1
        loss = self._losses[iteration]
        return Step(loss, {"double": 2 * loss}, math.isfinite(loss))

    def check(self):
        return self._checks.get(self.at, 1.0) if self._is_checked else None

    def remember(self):
        self.asked.append("remember")

    def settle(self):
        self.asked.append("settle")

    def tensors(self):
        return {"at": torch.tensor(self.at)}

    def restore(self, tensors):
        self.at = int(tensors["at"])


class Told(Silent):
    """All that progress is told."""

    def __init__(self):
        self.figures, self.recorded, self.steps = [], [], 0

    def advance(self, steps=1, **figures):
        self.steps += steps
        self.figures.append(figures)

    def record(self, **figures):
        self.recorded.append(figures)


class Over:
    """A deadline that passes after so many questions."""

    def __init__(self, after):
        self._left = after

    def is_over(self, team):
        self._left -= 1
        return self._left < 0


class Noting(Checkpointer):
    """A checkpointer that notes questions and calls, and lets a record go on."""

    def __init__(self, record=None):
        super().__init__(seed=0)
        self.noted, self._record = [], record or StageRecord()

    def resumed(self, stage):
        return self._record

    def is_due(self):
        self.noted.append("asked")
        return False

    def keep(self, stage, record):
        self.noted.append(("keep", record.iteration, record.ended))


BAD = math.nan


def test_all_steps_are_made_and_told():
    stage, told = Scripted([3.0, 2.0, 1.0]), Told()
    record = run(stage, stage_context(), told)
    assert stage.asked == ["start", 0, 1, 2, "settle"]
    assert record == StageRecord(3, [3.0, 2.0, 1.0], {"double": [6.0, 4.0, 2.0]}, [], {}, ended=True)
    assert record.chosen == 3
    assert told.figures == [{"loss": 3.0}, {"loss": 2.0}, {"loss": 1.0}]
    assert told.recorded == [{"double": 6.0}, {"double": 4.0}, {"double": 2.0}]


def test_no_step_at_all():
    stage = Scripted([])
    record = run(stage, stage_context(), Silent())
    assert (record, stage.asked) == (StageRecord(ended=True), ["start", "settle"])


def test_steps_that_were_not_taken_are_counted_and_their_figures_left_out():
    record = run(Scripted([3.0, BAD, math.inf, 1.0]), stage_context(), Silent())
    assert (record.skipped, record.losses, record.figures) == ([1, 2], [3.0, 1.0], {"double": [6.0, 2.0]})
    assert (record.iteration, record.ended) == (4, True)


def test_ten_in_a_row_are_hopeless_and_the_error_says_what_to_do():
    stage, told = Scripted([1.0] * 3 + [BAD] * 20), Told()
    with pytest.raises(TrainingError) as raised:
        run(stage, stage_context(), told)
    assert str(raised.value) == (
        "iteration 12: the loss or its gradient was not finite 10 times in a row (loss nan, double nan); "
        "write another script"
    )
    assert stage.asked == ["start", *range(13)]  # it is not settled
    assert told.steps == 12


def test_nine_in_a_row_are_not():
    record = run(Scripted(([BAD] * (MOST_SKIPPED - 1) + [1.0]) * 3), stage_context(), Silent())
    assert (len(record.skipped), len(record.losses)) == (27, 3)


@pytest.mark.parametrize("number", [1, 3, 9])
def test_nor_can_a_training_end_in_which_no_step_was_taken(number):
    with pytest.raises(TrainingError, match=f"iteration {number - 1}: .* {number} times in a row"):
        run(Scripted([BAD] * number), stage_context(), Silent())


def test_steps_that_were_skipped_before_an_interruption_count():
    begun = StageRecord(12, [1.0] * 4, {"double": [2.0] * 4}, list(range(4, 12)))
    stage = Scripted([1.0] * 4 + [BAD] * 20)
    with pytest.raises(TrainingError, match="iteration 13"):
        run(stage, StageContext(SINGLE_PROCESS, Noting(begun), Over(99)), Silent())


def test_what_was_kept_apart_is_looked_at_from_time_to_time_and_at_the_end():
    told = Told()
    record = run(Scripted([1.0] * 7, {0: 5.0, 3: 2.0, 6: 3.0, 7: 4.0}, every=3), stage_context(), told)
    assert record.checks == {0: 5.0, 3: 2.0, 6: 3.0, 7: 4.0}
    assert record.chosen == 3
    assert [one["development"] for one in told.recorded if "development" in one] == [5.0, 2.0, 3.0, 4.0]


def test_the_best_parameters_are_remembered_the_first_of_equal_ones():
    stage = Scripted([1.0] * 5, {0: 3.0, 1: 2.0, 2: 2.0, 3: 1.0, 4: 3.0, 5: 1.0}, every=1)
    record = run(stage, stage_context(), Silent())
    assert stage.asked == ["start", "remember", 0, "remember", 1, 2, "remember", 3, 4, "settle"]
    assert record.chosen == 3


@pytest.mark.parametrize("first", [math.nan, math.inf])
def test_a_check_that_is_no_number_is_worse_than_any_other(first):
    stage = Scripted([1.0] * 3, {0: first, 1: 5.0, 2: math.nan, 3: 6.0}, every=1)
    record = run(stage, stage_context(), Silent())
    assert record.checks == {0: math.inf, 1: 5.0, 2: math.inf, 3: 6.0}
    assert record.chosen == 1
    assert stage.asked == ["start", "remember", 0, "remember", 1, 2, "settle"]


@pytest.mark.parametrize(("patience", "last"), [(1, 4), (2, 4), (3, 6), (4, 6), (99, 20)])
def test_patience_ends_it(patience, last):
    """The best is at 2, and every second iteration is checked."""
    stage = Scripted([1.0] * 20, {0: 3.0, 2: 0.5}, every=2)
    record = run(stage, stage_context(patience), Silent())
    assert (record.iteration, record.ended, record.chosen) == (last, True, 2)


def test_patience_begins_anew_where_it_gets_better():
    checks = {one: max(10.0 - one, 2.0) for one in range(0, 31, 2)}  # until 8
    record = run(Scripted([1.0] * 30, checks, every=2), stage_context(patience=4), Silent())
    assert (record.iteration, record.chosen) == (12, 8)


def test_patience_without_anything_kept_apart_goes_through_all():
    assert run(Scripted([1.0] * 9), stage_context(patience=1), Silent()).iteration == 9


@pytest.mark.parametrize(("after", "steps"), [(0, 1), (1, 1), (4, 4)])
def test_no_step_begins_after_the_deadline_but_one_at_least_is_made(after, steps):
    checkpointer = Noting()
    stage = Scripted([1.0] * 5)
    record = run(stage, StageContext(SINGLE_PROCESS, checkpointer, Over(after)), Silent())
    assert (record.iteration, record.ended) == (steps, False)
    assert checkpointer.noted == [*["asked"] * steps, ("keep", steps, False)]
    assert stage.asked[-1] == "settle"


def test_one_is_made_in_each_call_so_that_enough_calls_arrive():
    checkpointer = Noting()
    for number in range(1, 4):
        record = run(Scripted([1.0] * 3), StageContext(SINGLE_PROCESS, checkpointer, Over(0)), Silent())
        assert (record.iteration, record.ended) == (number, number == 3)


def test_a_deadline_after_the_last_step_takes_nothing_away():
    assert run(Scripted([1.0] * 5), StageContext(SINGLE_PROCESS, Noting(), Over(5)), Silent()).ended


def test_after_every_step_the_keeper_is_asked_and_the_end_is_kept():
    checkpointer = Noting()
    run(Scripted([1.0, BAD]), StageContext(SINGLE_PROCESS, checkpointer, Over(99)), Silent())
    assert checkpointer.noted == ["asked", "asked", ("keep", 2, True)]


def test_it_goes_on_where_it_was():
    checkpointer = Noting(StageRecord(2, [9.0, 8.0], {"double": [18.0, 16.0]}))
    stage, told = Scripted([9.0, 8.0, 7.0]), Told()
    record = run(stage, StageContext(SINGLE_PROCESS, checkpointer, Over(99)), told)
    assert stage.asked == [2, "settle"]
    assert record.losses == [9.0, 8.0, 7.0]
    assert (told.steps, told.figures) == (3, [{}, {"loss": 7.0}])


def test_what_has_ended_makes_no_step_nor_check():
    stage = Scripted([1.0] * 9, every=2)
    ended = StageRecord(4, [1.0] * 4, {}, [], {0: 1.0, 2: 0.5}, ended=True)
    assert run(stage, StageContext(SINGLE_PROCESS, Noting(ended), Over(99)), Silent()) is ended
    assert stage.asked == ["settle"]


def test_progress_is_left_after_an_error():
    left = []

    class Leaving(Silent):
        def __exit__(self, kind, error, trace):
            left.append(kind)

    with pytest.raises(TrainingError):
        run(Scripted([BAD]), stage_context(), Leaving())
    assert left == [TrainingError]


@pytest.mark.parametrize(
    ("values", "expected"), [([1.0, -2.0], True), ([math.nan, 1.0], False), ([math.inf, -math.inf], False), ([], True)]
)
def test_numbers_to_go_on_with(values, expected):
    assert is_finite(values) == expected


# --- results that come late ---


class Late(Scripted):
    """A stage whose results are read later."""

    def __init__(self, losses, most_unread, **options):
        super().__init__(losses, **options)
        self.most_unread = most_unread
        self.unread = []

    def step(self, iteration):
        step = super().step(iteration)
        self.unread.append(iteration)
        return Delayed(step, self.unread)


class Delayed:
    def __init__(self, step, unread):
        self.step = step
        self.unread = unread

    def read(self):
        self.unread.pop(0)
        return self.step


LOSSES = [3.0, BAD, 2.0, 2.5, 1.0, BAD, 1.5, 0.5, 0.7, 0.6, 0.5]


@pytest.mark.parametrize("most_unread", [1, 3, 100])
@pytest.mark.parametrize("patience", [None, 4])
def test_late_results_give_the_same_record(most_unread, patience):
    checks = {2: 0.9, 4: 0.5}
    told = Told()
    told_at_once = Told()
    record = run(Late(LOSSES, most_unread, checks=checks, every=2), stage_context(patience), told)
    expected = run(Scripted(LOSSES, checks=checks, every=2), stage_context(patience), told_at_once)
    assert repr(record) == repr(expected)
    assert repr(told.figures) == repr(told_at_once.figures)


def test_the_loop_reads_a_result_when_more_than_most_unread_steps_follow():
    stage = Late([1.0] * 6, most_unread=2)
    lags = []

    class Counting(Told):
        def advance(self, steps=1, **figures):
            lags.append(len(stage.unread))

    run(stage, stage_context(), Counting())
    assert lags == [2, 2, 2, 2, 0, 0]


def test_a_check_waits_for_all_results():
    stage = Late([1.0] * 6, most_unread=4, every=3)
    unread_at_checks = []
    stage.check = lambda: unread_at_checks.append(len(stage.unread)) or 1.0
    run(stage, stage_context(), Silent())
    assert unread_at_checks == [0, 0, 0]


def test_a_checkpoint_has_the_results_of_all_steps_before_it():
    class Eager(Noting):
        def is_due(self):
            return True

    checkpointer = Eager()
    run(Late([1.0, 2.0], most_unread=4), StageContext(SINGLE_PROCESS, checkpointer, Over(99)), Silent())
    assert checkpointer.noted == [("keep", 1, False), ("keep", 2, False), ("keep", 2, True)]


def test_late_results_without_hope_end_the_training_a_few_steps_later():
    stage = Late([1.0] * 3 + [BAD] * 20, most_unread=4, every=100)
    with pytest.raises(TrainingError, match="iteration 12: the loss or its gradient was not finite 10 times"):
        run(stage, stage_context(), Silent())
    assert stage.asked[-1] == 12 + 4
