"""The model's logger: a standard `logging.Logger` that understands the verbosity of `uisrnn` 0.1.2."""

import logging

_LEVELS = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG)


def level_of(verbosity: int) -> int:
    """Translate a verbosity to a level of the standard `logging` module.

    Args:
        verbosity: 0 critical, 1 errors, 2 warnings, 3 information, 4 and above debugging.

    >>> logging.getLevelName(level_of(3))
    'INFO'
    """
    return _LEVELS[min(verbosity, len(_LEVELS) - 1)]


class ModelLogger(logging.Logger):
    """The logger of a model; its records reach the handlers of the logger `uisrnn` and of the root logger.

    It is not registered under its name, so two models can have different levels. It can be pickled and copied with its
    model.

    Args:
        verbosity: see `level_of`.
    """

    def __init__(self, verbosity: int) -> None:
        super().__init__("uisrnn.model", level_of(verbosity))
        self.verbosity = verbosity
        self.parent = logging.getLogger("uisrnn")

    def print(self, level: int, message: str) -> None:
        """Log `message` at the level of the verbosity `level`, as in 0.1.2."""
        self.log(level_of(level), message)

    def __reduce__(self) -> tuple[type["ModelLogger"], tuple[int]]:
        return type(self), (self.verbosity,)
