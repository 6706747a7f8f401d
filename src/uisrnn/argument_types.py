"""Types of arguments (acceptable values, and values of text), and groups of arguments that check them."""

import dataclasses
import difflib
import math
import numbers
import re
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from uisrnn.errors import ArgumentError

_A = TypeVar("_A", bound="Arguments")

_TRUE = frozenset({"yes", "true", "t", "y", "1"})
_FALSE = frozenset({"no", "false", "f", "n", "0"})


class ValueType(Protocol):
    """The type of an argument."""

    @property
    def needs(self) -> str:
        """Words for error messages, as in "learning_rate must be a number > 0, but is -1.0"."""

    def parse(self, text: str) -> Any:
        """The value of a text on a command line.

        Raises:
            ValueError: the text is no value.
        """

    def accept(self, value: Any) -> Any:
        """The same value in its plain Python type.

        Raises:
            ValueError, TypeError, OverflowError: the value is not acceptable.
        """


@dataclass(frozen=True)
class Checked:
    """A type that consists of its words and two functions; see `ValueType`."""

    needs: str
    parse: Callable[[str], Any]
    accept: Callable[[Any], Any]


class Choice:
    """A word out of a collection that may grow.

    Args:
        words: the collection.
    """

    def __init__(self, words: Collection[str]) -> None:
        self._words = words

    @property
    def needs(self) -> str:
        return f"one of {', '.join(map(repr, self._words))}"

    def parse(self, text: str) -> str:
        return text

    def accept(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self._words:
            raise ValueError(value)
        return str(value)


def integer(minimum: int, maximum: int | None = None) -> ValueType:
    """Integers from `minimum` to `maximum`."""

    def accept(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < minimum:
            raise ValueError(value)
        if maximum is not None and int(value) > maximum:
            raise ValueError(value)
        return int(value)

    return Checked(f"an integer >= {minimum}" + ("" if maximum is None else f" and <= {maximum}"), int, accept)


def count(minimum: int) -> ValueType:
    """Integers from `minimum` that an entry of a table of 32-bit integers can hold."""
    maximum = 2**31 - 1
    return Checked(f"an integer from {minimum} to {maximum}", int, integer(minimum, maximum).accept)


def real(needs: str, holds: Callable[[float], bool]) -> ValueType:
    """Finite numbers that fulfil a condition."""

    def accept(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise ValueError(value)  # noqa: TRY004 -- translated to an ArgumentError that names the argument
        if not (math.isfinite(value) and holds(float(value))):
            raise ValueError(value)
        return float(value)

    return Checked(needs, float, accept)


def flag() -> ValueType:
    """True or False."""

    def parse(text: str) -> bool:
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise ValueError(text)

    def accept(value: Any) -> bool:
        if isinstance(value, str):
            return parse(value)
        if value in (0, 1):  # also True, False and numpy's booleans
            return bool(value)
        raise ValueError(value)

    return Checked("yes, no, true, false, 1 or 0", parse, accept)


def device_name() -> ValueType:
    """Names of devices."""

    def accept(value: Any) -> str:
        if not re.fullmatch("auto|cpu|cuda(:[0-9]{1,3})?", str(value)):  # also a torch.device
            raise ValueError(value)
        return str(value)

    return Checked("auto, cpu, cuda or one of cuda:0, cuda:1, ...", str, accept)


def optional(value_type: ValueType) -> ValueType:
    """Values of a type, or None."""
    return Checked(
        f"{value_type.needs}, or None",
        lambda text: None if text.lower() == "none" else value_type.parse(text),
        lambda value: None if value is None else value_type.accept(value),
    )


positive = real("a number > 0", lambda value: value > 0)
not_negative = real("a number >= 0", lambda value: value >= 0)
probability = real("a number between 0 and 1, both excluded", lambda value: 0 < value < 1)
below_one = real("a number >= 0 and < 1", lambda value: 0 <= value < 1)
any_integer = Checked("an integer", int, integer(-(2**63)).accept)


# --- groups ---


def argument(default: Any, value_type: ValueType, meaning: str, *short: str) -> Any:
    """A field of a group of arguments.

    Args:
        default: default value.
        value_type: type of the values.
        meaning: help text.
        short: short flags of a command line.
    """
    return field(default=default, metadata={"type": value_type, "meaning": meaning, "short": short})


@dataclass
class Arguments:
    """A group of arguments; each value is checked when it is set, in the constructor and afterwards.

    A script may keep its own values in further attributes, as in the `argparse.Namespace` of 0.1.2. A warning says that
    they have no effect, and which argument has a similar name.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        group = type(self)  # a script may call an attribute of its own as a method is called
        if name in group._names():
            group.put(self, name, value)
            return
        if name not in vars(self):
            warnings.warn(f"{name} has no effect: {group._lacks(name)}", UserWarning, stacklevel=2)
        object.__setattr__(self, name, value)

    def __contains__(self, name: str) -> bool:
        """Whether there is an attribute of this name, as in an `argparse.Namespace`."""
        return name in vars(self)

    @classmethod
    def _names(cls) -> list[str]:
        return [entry.name for entry in dataclasses.fields(cls)]

    @classmethod
    def _lacks(cls, name: str) -> str:
        """The sentence that says that a name is no argument, with the nearest name or all names."""
        close = difflib.get_close_matches(name, cls._names(), n=1)
        hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(cls._names())}"
        return f"{cls.__name__} has no argument {name}; {hint}"

    def put(self, name: str, value: Any) -> None:
        """Set an argument, and nothing else.

        Args:
            name: name of the argument.
            value: its new value.

        Raises:
            ArgumentError: no argument has this name, or the value is not acceptable.
        """
        object.__setattr__(self, name, type(self).accepted(name, value))

    @classmethod
    def accepted(cls, name: str, value: Any) -> Any:
        """The value that an argument has after it was set; arguments and errors as `put`."""
        types = {entry.name: entry.metadata["type"] for entry in dataclasses.fields(cls)}
        if name not in types:
            raise ArgumentError(cls._lacks(name))
        value_type: ValueType = types[name]
        try:
            return value_type.accept(value)
        except (ValueError, TypeError, OverflowError):
            raise ArgumentError(f"{name} must be {value_type.needs}, but is {value!r}") from None

    @classmethod
    def of(cls: type[_A], source: object) -> _A:
        """The arguments in the attributes of any object, for example of an `argparse.Namespace`.

        Args:
            source: the object, or None for all defaults. An attribute that is missing has its default.

        Raises:
            ArgumentError: a value is not acceptable, or the object has none of the attributes.
        """
        if isinstance(source, cls):
            return source
        names = cls._names()
        given = {name: getattr(source, name) for name in names if hasattr(source, name)}
        if source is not None and not given:
            raise ArgumentError(f"{cls.__name__} must come from an object with {', '.join(names)}, but is {source!r}")
        return cls(**given)
