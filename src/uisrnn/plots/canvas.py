"""What all pictures need: Axes without global state, labels that are checked, names as text."""

from typing import TYPE_CHECKING, Any

from uisrnn import extras
from uisrnn.errors import InputError, InputTypeError
from uisrnn.plots.palette import FAINT
from uisrnn.sequences import labels as labelling
from uisrnn.sequences.labels import Codes, Label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST = 24  # characters of a name


def new_axes(what: str, width: float, height: float, columns: int = 1) -> "list[Axes]":
    """Axes side by side in a figure of their own, of which pyplot knows nothing.

    Args:
        what: needs them, for the message where matplotlib is missing.
        width: of the figure in inches.
        height: of it in inches.
        columns: how many.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    figure = extras.load("matplotlib.figure", "plots", what).Figure(figsize=(width, height), layout="constrained")
    return list(figure.subplots(1, columns, squeeze=False)[0])


def require_axes(values: Any, number: int, name: str) -> "list[Axes]":
    """Axes that were handed in: one, or a sequence of them.

    Raises:
        InputTypeError: they are not so many Axes.
    """
    given = list(values) if hasattr(values, "__iter__") else [values]
    if len(given) != number or not all(hasattr(one, "transAxes") for one in given):
        needed = "a matplotlib Axes" if number == 1 else f"{number} matplotlib Axes"
        raise InputTypeError(f"{name} must be {needed}, but is {values!r:.80}")
    return given


def clusters_of(labels: Any, where: str, length: int) -> tuple[list[Label], Codes]:
    """The names of clusters by first appearance, and for each observation the number of its own.

    Args:
        labels: strings or integers.
        where: the words with which an error message begins.
        length: how many observations there are.

    Raises:
        InputError: they are not so many labels.
        InputTypeError: they are no list or array.
    """
    names = labelling.names(labels, where)
    if len(names) != length:
        raise InputError(f"{where}: {length} observations need as many labels, but there are {len(names)}")
    return list(dict.fromkeys(names)), labelling.encode(names, where)


def text(name: object) -> str:
    """A name as matplotlib shows it as it is: short, and without formulas.

    >>> text("$x^2$"), text("a name that is longer than that")
    ('\\\\$x^2\\\\$', 'a name that is longer t…')
    """
    return short(name, _LONGEST).replace("$", r"\$")


def short(name: object, most: int) -> str:
    """A name in one line of so many characters at most, all of which can be seen."""
    line = "".join(one if one.isprintable() else "\ufffd" for one in " ".join(str(name).split()))
    return line if len(line) <= most else line[: most - 1] + "…"


def plain(axes: "Axes") -> None:
    """Take away lines that say nothing."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(color=FAINT, labelsize=8)
