"""The errors that this library raises on purpose.

::

    UISRNNError
    ├── ArgumentError     (ValueError)    an argument has a value that it cannot have
    ├── InputError        (ValueError)    observations or labels have the wrong shape, length or values
    ├── InputTypeError    (TypeError)     observations or labels are not arrays, lists or label sequences at all
    ├── NotFittedError    (RuntimeError)  the call needs a trained model
    ├── TrainingError     (RuntimeError)  training cannot go on, for example after a loss that is not finite
    ├── StreamError       (RuntimeError)  a stream was flushed, belongs elsewhere or does not exist
    ├── ClusterError      (RuntimeError)  machines cannot be reached, or were lost more often than work is retried
    ├── CheckpointError   (ValueError)    a model file or snapshot is truncated, foreign, hostile or of a later format
    └── MissingExtraError (ModuleNotFoundError)  an optional package is not installed; the message says how to

Each error also derives from the built-in exception in brackets, so code written for `uisrnn` 0.1.2 still catches it.
"""


class UISRNNError(Exception):
    """Base of all errors of this library."""


class ArgumentError(UISRNNError, ValueError):
    """An argument has a value that it cannot have; the message names the argument, the need and the value."""


class InputError(UISRNNError, ValueError):
    """Observations or labels are wrong; the message names the place, the need and the value."""


class InputTypeError(UISRNNError, TypeError):
    """Observations or labels are of a type that cannot hold them."""


class NotFittedError(UISRNNError, RuntimeError):
    """The model must be trained with `fit` or read with `load` first."""


class TrainingError(UISRNNError, RuntimeError):
    """Training cannot go on; the message says at which iteration and how to change that."""


class StreamError(UISRNNError, RuntimeError):
    """A stream cannot be used: it was flushed, belongs to another pool or does not exist."""


class ClusterError(UISRNNError, RuntimeError):
    """Machines of a cluster cannot be reached or used; the message names the address and the reason."""


class CheckpointError(UISRNNError, ValueError):
    """A model file or snapshot cannot be read; the message names the file and the fault."""


class MissingExtraError(UISRNNError, ModuleNotFoundError):
    """An optional package is not installed; the message holds the command that installs it."""
