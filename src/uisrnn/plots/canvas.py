"""Parts that all pictures share: Axes without global state, checks of labels, names as text."""

from typing import TYPE_CHECKING, Any

from uisrnn import extras
from uisrnn.errors import InputError, InputTypeError
from uisrnn.plots.palette import FAINT
from uisrnn.sequences import labels as labelling
from uisrnn.sequences.labels import Codes, Label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST = 24  # characters of a name


def new_axes(user: str, width: float, height: float, columns: int = 1) -> "list[Axes]":
    """Axes side by side in a new figure, which is not registered in pyplot.

    Args:
        user: the name of the function that needs the Axes, for the message if matplotlib is missing.
        width: of the figure in inches.
        height: of the figure in inches.
        columns: number of Axes.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    figure = extras.load("matplotlib.figure", "plots", user).Figure(figsize=(width, height), layout="constrained")
    return list(figure.subplots(1, columns, squeeze=False)[0])


def require_axes(values: Any, number: int, name: str) -> "list[Axes]":
    """Require `number` Axes: an Axes or a sequence of Axes.

    Args:
        values: the argument of the caller.
        number: the number of Axes that are needed.
        name: the name of the argument, for the message.

    Raises:
        InputTypeError: `values` are not `number` Axes.
    """
    given = list(values) if hasattr(values, "__iter__") else [values]
    if len(given) != number or not all(hasattr(axes, "transAxes") for axes in given):
        needed = "a matplotlib Axes" if number == 1 else f"{number} matplotlib Axes"
        raise InputTypeError(f"{name} must be {needed}, but is {values!r:.80}")
    return given


def clusters_of(labels: Any, where: str, length: int) -> tuple[list[Label], Codes]:
    """The names of clusters by first appearance, and the number of the cluster of each observation.

    Args:
        labels: strings or integers.
        where: the words with which an error message begins.
        length: number of observations.

    Raises:
        InputError: the number of labels is not `length`.
        InputTypeError: `labels` is not a list or an array.
    """
    names = labelling.names(labels, where)
    if len(names) != length:
        raise InputError(f"{where}: {length} observations need as many labels, but there are {len(names)}")
    return list(dict.fromkeys(names)), labelling.encode(names, where)


def text(name: object) -> str:
    """A short form of a name for matplotlib, which would take text between dollar signs for a formula.

    >>> text("$x^2$"), text("a name that is longer than that")
    ('\\\\$x^2\\\\$', 'a name that is longer t…')
    """
    return short(name, _LONGEST).replace("$", r"\$")


def short(name: object, most: int) -> str:
    """A name as a single line of at most `most` characters, without characters that cannot be printed."""
    line = "".join(letter if letter.isprintable() else "\ufffd" for letter in " ".join(str(name).split()))
    return line if len(line) <= most else line[: most - 1] + "…"


def plain(axes: "Axes") -> None:
    """Remove the frame at the top and on the right, and make the other lines faint."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(color=FAINT, labelsize=8)
