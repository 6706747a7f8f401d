import copy
import logging
import pickle

import pytest

from uisrnn.log import ModelLogger, level_of


@pytest.mark.parametrize(
    ("verbosity", "level"),
    [(0, "CRITICAL"), (1, "ERROR"), (2, "WARNING"), (3, "INFO"), (4, "DEBUG"), (9, "DEBUG")],
)
def test_the_level_follows_verbosity(verbosity, level):
    assert level_of(verbosity) == getattr(logging, level)
    logger = ModelLogger(verbosity)
    assert isinstance(logger, logging.Logger)
    assert logger.level == getattr(logging, level)


def test_records_reach_the_handlers_of_the_application(caplog):
    ModelLogger(3).info("trained %d", 5)
    assert caplog.record_tuples == [("uisrnn.model", logging.INFO, "trained 5")]


def test_less_important_records_are_dropped(caplog):
    logger = ModelLogger(2)
    logger.info("no")
    logger.print(3, "no")
    logger.print(2, "yes")
    assert caplog.messages == ["yes"]


def test_two_loggers_have_two_levels():
    assert ModelLogger(1).level != ModelLogger(3).level


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda logger: pickle.loads(pickle.dumps(logger))])
def test_it_travels_with_its_model(copied):
    logger = copied(ModelLogger(1))
    assert (logger.verbosity, logger.level) == (1, logging.ERROR)
