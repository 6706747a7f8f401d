"""Optional packages: imported when they are used, with an error that says how to install them."""

import importlib
from types import ModuleType

from uisrnn.errors import MissingExtraError


def load(module: str, extra: str, user: str) -> ModuleType:
    """Import a module of an optional package.

    Args:
        module: the import path.
        extra: the extra of uisrnn that installs the package.
        user: the thing that needs the module: "tune" in the message "tune needs optuna: ...".

    Raises:
        MissingExtraError: the module, or a package that it imports, is not installed.

    >>> load("antigravitas", "tune", "levitation")
    Traceback (most recent call last):
    uisrnn.errors.MissingExtraError: levitation needs antigravitas: pip install 'uisrnn[tune]'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        raise MissingExtraError(f"{user} needs {missing}: pip install 'uisrnn[{extra}]'", name=missing) from error
