"""Arguments of model, training and inference: recommended values, overridden by a TOML file, overridden by `--set`."""

import dataclasses
import difflib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from uisrnn import extras
from uisrnn.arguments import Arguments, InferenceArguments, ModelArguments, TrainingArguments, recommended_arguments
from uisrnn.errors import ArgumentError

ALL = ("model", "training", "inference")
Groups = dict[str, Arguments]
"""`ModelArguments`, `TrainingArguments` and `InferenceArguments` as "model", "training" and "inference"."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """The arguments of a command."""

    model: ModelArguments
    training: TrainingArguments
    inference: InferenceArguments


def settings_of(config: Path | None, assignments: Iterable[str], uses: Sequence[str] = ALL) -> Settings:
    """The recommended arguments, overridden by a file, overridden by `--set`.

    Args:
        config: a TOML file with the tables `model`, `training` and `inference`.
        assignments: words like `beam_size=20`.
        uses: the groups that the command uses. `--set` refuses arguments of other groups; a file may have them.

    Raises:
        ArgumentError: an argument is unknown or its value is invalid; the message names the file or option.
        OSError: the file cannot be read.
    """
    groups: Groups = dict(zip(ALL, recommended_arguments(), strict=True))
    for table, values in _tables(config, groups).items():
        for name, value in values.items():
            _put(groups[table], name, value, f"{config}, {table}.{name}")
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise ArgumentError(f"--set needs NAME=VALUE, but is {assignment!r}")
        group = _group_with(name, {group: groups[group] for group in uses})
        _put(group, name, _parsed(group, name, text), f"--set {name}")
    return Settings(**groups)  # type: ignore[arg-type]  # each group has its own class


def inference_of(config: Path | None, assignments: Iterable[str]) -> InferenceArguments:
    """`settings_of` for commands that only decode."""
    return settings_of(config, assignments, uses=("inference",)).inference


def _tables(config: Path | None, groups: Groups) -> dict[str, dict[str, Any]]:
    if config is None:
        return {}
    toml = extras.load("tomllib" if sys.version_info >= (3, 11) else "tomli", "cli", "--config")
    try:
        tables: dict[str, Any] = toml.loads(config.read_text(encoding="utf-8"))
    except (toml.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArgumentError(f"{config}: is not TOML: {error}") from error
    for table, values in tables.items():
        if table not in groups or not isinstance(values, dict):
            raise ArgumentError(f"{config}: must have the tables {', '.join(groups)}, but has {table!r}")
    return tables


def _put(group: Arguments, name: str, value: Any, where: str) -> None:
    try:
        group.put(name, value)
    except ArgumentError as error:
        raise ArgumentError(f"{where}: {error}") from error


def _group_with(name: str, groups: Groups) -> Arguments:
    names = {field.name: group for group in groups.values() for field in dataclasses.fields(group)}
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        raise ArgumentError(
            f"--set {name}: this command has no such argument; "
            + (f"did you mean {close[0]}?" if close else f"it has {', '.join(names)}")
        )
    return names[name]


def _parsed(group: Arguments, name: str, text: str) -> Any:
    kind = next(field.metadata["type"] for field in dataclasses.fields(group) if field.name == name)
    try:
        return kind.parse(text)
    except ValueError:
        raise ArgumentError(f"--set {name}: must be {kind.needs}, but is {text!r}") from None
