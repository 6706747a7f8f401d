"""Attributes of an object that are fields of a frozen value inside it."""

from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar, overload

from uisrnn.errors import ArgumentError

T = TypeVar("T")


class Holder(Protocol):
    """An object with a frozen dataclass `_model`."""

    _model: Any


class ModelField(Generic[T]):
    """An attribute that reads a field of `_model`; setting it replaces `_model`."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, holder: None, owner: type) -> "ModelField[T]": ...

    @overload
    def __get__(self, holder: Holder, owner: type) -> T: ...

    def __get__(self, holder: Holder | None, owner: type) -> Any:
        return self if holder is None else getattr(holder._model, self._name)

    def __set__(self, holder: Holder, value: T) -> None:
        holder._model = replace(holder._model, **{self._name: value})


class RequiredModelField(ModelField[T]):
    """A positive number that cannot be set to None, though it may be None before it is known."""

    def __set__(self, holder: Holder, value: T) -> None:
        if value is None:
            raise ArgumentError(f"{self._name} must be a number > 0, but is None")
        super().__set__(holder, value)
