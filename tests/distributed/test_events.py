"""Events of a training reach the process that called `train`, each event once."""

import logging

import pytest

import uisrnn
from trainings import Notes
from uisrnn.distributed.events import EventReceiver, EventSender, LogEvent, StepEvent, receiving
from uisrnn.log import ModelLogger

ARGS = uisrnn.TrainingArguments(train_iteration=4, discriminative_iteration=2)


def events_of(*stages):
    """The events of a training with these stages; in a stage, numbers advance and words are recorded figures."""
    messages = []
    sender = EventSender(messages.append)
    for stage, steps in stages:
        progress = sender.stage(stage)
        for step in steps:
            progress.record(**{step: 1.0}) if isinstance(step, str) else progress.advance(step, loss=float(step))
    sender.close()
    return [event for message in messages for event in message]


def receiver_for(watcher=None):
    return EventReceiver(watcher or Notes(), ARGS, ModelLogger(2))


def test_sent_events_arrive():
    notes = Notes()
    with receiver_for(notes) as receiver:
        receiver.receive(events_of(("generative", [1, "rate", 1]), ("discriminative", [1])))
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
        ([2, "rate", 1], [("rate", 0), (None, 1)]),  # from a checkpoint as old as the last event
        ([3, 1], [(None, 1), (None, 1)]),  # from a later checkpoint
        ([1], []),
    ],
)
def test_a_training_that_starts_again_gives_each_event_once(again, new):
    notes = Notes()
    with receiver_for(notes) as receiver:
        receiver.receive(events_of(("generative", [1, 1])))
        before = len(notes.steps)
        receiver.receive(events_of(("generative", again)))
    received = [(None if steps else next(iter(figures)), steps) for _stage, steps, figures in notes.steps[before:]]
    assert received == new


def test_a_finished_stage_gives_no_events_if_the_training_starts_again():
    notes = Notes()
    with receiver_for(notes) as receiver:
        receiver.receive(events_of(("generative", [4, "development"]), ("discriminative", [1])))
        receiver.receive(events_of(("generative", [4, "development"]), ("discriminative", [1, 1])))
    assert [(stage, steps) for stage, steps, _figures in notes.steps] == [
        ("generative", 4),
        ("generative", 0),
        ("discriminative", 1),
        ("discriminative", 1),
    ]


def test_many_steps_are_few_messages():
    sent = []
    sender = EventSender(sent.append)
    progress = sender.stage("generative")
    for _ in range(1000):
        progress.advance(loss=0.0)
    sender.close()
    assert len(sent) <= 5  # at most a message a second
    assert sum(map(len, sent)) == 1000
    sender.close()
    assert sum(map(len, sent)) == 1000


def test_a_line_of_the_log_arrives_once_and_is_shown_only_there(caplog):
    sent = []
    sender = EventSender(sent.append)
    logger = ModelLogger(2)
    sender.listen(logger)
    logger.warning("time was over after %d of %d iterations", 3, 4)
    logger.info("too quiet for this verbosity")
    assert not caplog.records
    sender.close()
    assert sent == [[LogEvent(logging.WARNING, "time was over after 3 of 4 iterations")]]
    with receiver_for() as receiver:
        receiver.receive(sent[0] * 2)
        receiver.log(logging.WARNING, "100 % of a shard")
    assert caplog.messages == ["time was over after 3 of 4 iterations", "100 % of a shard"]


def test_events_at_the_end_arrive():
    notes = Notes()
    waiting = [StepEvent("generative", 0, 1, {"loss": 2.0})]

    def take():
        events = list(waiting)
        waiting.clear()
        return events

    with receiving(take, receiver_for(notes)):
        pass
    assert notes.steps == [("generative", 1, {"loss": 2.0})]
    assert notes.left == ["generative"]


def test_a_watcher_that_fails_does_not_end_the_work(caplog):
    def take():
        raise OSError(28, "No space left on device")

    done = []
    with receiving(take, receiver_for()):
        done.append(True)
    assert done
    assert caplog.messages == ["the training is not followed any more: [Errno 28] No space left on device"]


def test_an_error_of_the_work_is_raised():
    with pytest.raises(uisrnn.TrainingError, match="lower learning_rate"), receiving(list, receiver_for()):
        raise uisrnn.TrainingError("lower learning_rate")
