"""News of a training: what the process that trains tells arrives, each thing once, in the process that asked for it."""

import logging

import pytest

import uisrnn
from trainings import Notes
from uisrnn.distributed.relay import Audience, Made, Relay, Said, followed
from uisrnn.log import ModelLogger

ARGS = uisrnn.TrainingArguments(train_iteration=4, discriminative_iteration=2)


def told(*steps):
    """What a relay sends of a training that makes these steps: numbers advance, words are figures recorded."""
    sent = []
    relay = Relay(sent.append)
    for stage, steps_of_it in steps:
        progress = relay.stage(stage)
        for one in steps_of_it:
            progress.record(**{one: 1.0}) if isinstance(one, str) else progress.advance(one, loss=float(one))
    relay.close()
    return [one for batch in sent for one in batch]


def audience(watcher=None):
    return Audience(watcher or Notes(), ARGS, ModelLogger(2))


def test_what_is_told_arrives():
    notes = Notes()
    with audience(notes) as hearing:
        hearing.hear(told(("generative", [1, "rate", 1]), ("discriminative", [1])))
    assert notes.steps == [
        ("generative", 1, {"loss": 1.0}),
        ("generative", 0, {"rate": 1.0}),
        ("generative", 1, {"loss": 1.0}),
        ("discriminative", 1, {"loss": 1.0}),
    ]
    assert notes.left == ["generative", "discriminative"]


@pytest.mark.parametrize(
    ("again", "new"),
    [
        ([1, "rate", 1, "rate", 1], [("rate", 0), (None, 1)]),  # from the beginning
        ([2, "rate", 1], [("rate", 0), (None, 1)]),  # from a checkpoint of what had been told
        ([3, 1], [(None, 1), (None, 1)]),  # from one that is later than what had been told
        ([1], []),
    ],
)
def test_a_training_that_starts_again_is_told_once(again, new):
    notes = Notes()
    with audience(notes) as hearing:
        hearing.hear(told(("generative", [1, 1])))
        before = len(notes.steps)
        hearing.hear(told(("generative", again)))
    found = [(None if steps else next(iter(figures)), steps) for _stage, steps, figures in notes.steps[before:]]
    assert found == new


def test_a_stage_that_is_over_is_not_told_again_when_a_later_one_starts_again():
    notes = Notes()
    with audience(notes) as hearing:
        hearing.hear(told(("generative", [4, "development"]), ("discriminative", [1])))
        hearing.hear(told(("generative", [4, "development"]), ("discriminative", [1, 1])))
    assert [(stage, steps) for stage, steps, _figures in notes.steps] == [
        ("generative", 4),
        ("generative", 0),
        ("discriminative", 1),
        ("discriminative", 1),
    ]


def test_many_steps_are_few_messages():
    sent = []
    relay = Relay(sent.append)
    progress = relay.stage("generative")
    for _ in range(1000):
        progress.advance(loss=0.0)
    relay.close()
    assert len(sent) <= 5  # one a second
    assert sum(map(len, sent)) == 1000
    relay.close()
    assert sum(map(len, sent)) == 1000


def test_the_log_is_told_once_and_shown_here_only(caplog):
    sent = []
    relay, logger = Relay(sent.append), ModelLogger(2)
    relay.listen(logger)
    logger.warning("time was over after %d of %d iterations", 3, 4)
    logger.info("too quiet for this verbosity")
    assert not caplog.records
    relay.close()
    assert sent == [[Said(logging.WARNING, "time was over after 3 of 4 iterations")]]
    with audience() as hearing:
        hearing.hear(sent[0] * 2)
        hearing.say(logging.WARNING, "100 % of a shard")
    assert caplog.messages == ["time was over after 3 of 4 iterations", "100 % of a shard"]


def test_what_comes_at_the_end_is_heard():
    notes, waiting = Notes(), [Made("generative", 0, 1, {"loss": 2.0})]

    def take():
        news = list(waiting)
        waiting.clear()
        return news

    with followed(take, audience(notes)):
        pass
    assert notes.steps == [("generative", 1, {"loss": 2.0})]
    assert notes.left == ["generative"]


def test_a_watcher_that_fails_does_not_end_the_work(caplog):
    def take():
        raise OSError(28, "No space left on device")

    done = []
    with followed(take, audience()):
        done.append(True)
    assert done
    assert caplog.messages == ["the training is not followed any more: [Errno 28] No space left on device"]


def test_an_error_of_the_work_comes_through():
    with pytest.raises(uisrnn.TrainingError, match="lower learning_rate"), followed(list, audience()):
        raise uisrnn.TrainingError("lower learning_rate")
