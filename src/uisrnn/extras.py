"""Packages that are not needed by all: loaded where they are used, with the command that installs them."""

import importlib
from types import ModuleType

from uisrnn.errors import MissingExtraError


def load(module: str, extra: str, what: str) -> ModuleType:
    """A module of an optional package.

    Args:
        module: its import path.
        extra: of this package, by which it is installed.
        what: needs it, as in "tune needs optuna: ...".

    Raises:
        MissingExtraError: it, or a package that it needs, is not installed.

    >>> load("antigravitas", "tune", "levitation")
    Traceback (most recent call last):
    uisrnn.errors.MissingExtraError: levitation needs antigravitas: pip install 'uisrnn[tune]'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        raise MissingExtraError(f"{what} needs {missing}: pip install 'uisrnn[{extra}]'", name=missing) from error
