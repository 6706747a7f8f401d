"""The picture of a training, iteration by iteration."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.errors import InputError, InputTypeError
from uisrnn.plots.canvas import new_axes, plain, require_axes
from uisrnn.plots.palette import FAINT, INK, colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TERMS = {
    "loss": INK,
    "negative_log_likelihood": colour(0),
    "sigma2_prior": colour(1),
    "regularization": colour(2),
}


def plot_history(history: Any, axes: "Axes | Sequence[Axes] | None" = None) -> "list[Axes]":
    """Draw the curves of a training: terms of the loss, a learning rate that changes, discriminative training.

    Losses of single iterations are thin, their running means bold. A panel without data is left out.

    Args:
        history: the `History` that `fit` returns.
        axes: the Axes to draw on, for each panel with data; None: a new figure.

    Returns:
        The Axes of the panels.

    Raises:
        InputError: the history is empty.
        InputTypeError: `history` is not a history of numbers, or the number of Axes is not the number of panels.
        MissingExtraError: matplotlib is not installed.

    >>> from uisrnn.training.history import History
    >>> [axes] = plot_history(History([5.0, 4.0], [0.5, 0.5], [0.1, 0.1], [0.01, 0.01]))
    >>> axes.get_xlabel()
    'iteration'
    """
    for name in ("negative_log_likelihood", "learning_rate", "discriminative", "development"):
        if not hasattr(history, name):
            raise InputTypeError(f"history must be a History, as fit returns it, but is {history!r:.80}")
    try:
        panels = _panels(history)
    except (TypeError, ValueError, AttributeError) as error:
        raise InputTypeError(f"history must hold numbers, the same number of each term, but: {error}") from error
    if not panels:
        raise InputError("history is empty: there was no iteration")
    number = len(panels)
    drawn = (
        new_axes("plot_history", 1 + 5.5 * number, 3.6, number) if axes is None else require_axes(axes, number, "axes")
    )
    for panel, (title, draw) in zip(drawn, panels.items(), strict=True):
        draw(panel)
        plain(panel)
        panel.set_title(title, size=10, color=INK, loc="left")
        panel.set_xlabel("iteration", size=9)
        panel.grid(axis="y", color="#e6e6e6", linewidth=0.6)
        panel.set_axisbelow(True)
    return drawn


def _panels(history: Any) -> "dict[str, Callable[[Axes], None]]":
    """The functions that draw the panels with data, by the titles of the panels."""
    panels: dict[str, Callable[[Axes], None]] = {}
    if len(history) > 0:
        terms = {name: np.array(getattr(history, name), dtype=np.float64) for name in _TERMS}
        panels["loss"] = lambda axes: _draw_terms(axes, terms)
    rate, losses = (np.array(values, dtype=np.float64) for values in (history.learning_rate, history.discriminative))
    development = {int(iteration): float(loss) for iteration, loss in history.development.items()}
    if len(set(rate.tolist())) > 1:
        panels["learning rate"] = lambda axes: _draw_rate(axes, rate)
    if len(losses) > 0:
        panels["discriminative loss"] = lambda axes: _draw_discriminative(axes, losses, development)
    return panels


def _draw_terms(axes: "Axes", terms: Mapping[str, NDArray[np.float64]]) -> None:
    for name, values in terms.items():
        _curve(axes, values, name.replace("_", " "), _TERMS[name])
    _legend(axes)


def _draw_rate(axes: "Axes", rate: NDArray[np.float64]) -> None:
    axes.plot(np.arange(1, len(rate) + 1), rate, color=INK, linewidth=1.5)
    axes.set_ylim(bottom=0)


def _draw_discriminative(axes: "Axes", values: NDArray[np.float64], development: Mapping[int, float]) -> None:
    _curve(axes, values, "training", colour(0))
    if development:
        axes.plot(
            list(development),
            list(development.values()),
            color=colour(5),
            marker="o",
            markersize=4,
            label="development",
        )
        best = min(development, key=lambda iteration: development[iteration])
        axes.axvline(best, color=FAINT, linestyle=":", linewidth=1, label=f"best: {best}")
    _legend(axes)


def _curve(axes: "Axes", values: NDArray[np.float64], label: str, shade: str) -> None:
    """Draw a thin line of all iterations and a bold line of their running mean."""
    iterations = np.arange(1, len(values) + 1)
    width = max(1, len(values) // 30)
    if width > 1:
        axes.plot(iterations, values, color=shade, linewidth=0.6, alpha=0.3)
    axes.plot(iterations, running_mean(values, width), color=shade, linewidth=1.6, label=label)


def running_mean(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """The mean of `width` values around each value; of fewer values at both ends.

    Args:
        values: (n,).
        width: number of values.

    >>> running_mean(np.array([0.0, 3.0, 6.0]), 3)
    array([1.5, 3. , 4.5])
    """
    sums = np.append(0.0, np.cumsum(values))
    starts = np.maximum(np.arange(len(values)) - (width - 1) // 2, 0)
    ends = np.minimum(np.arange(len(values)) + width // 2 + 1, len(values))
    means: NDArray[np.float64] = (sums[ends] - sums[starts]) / (ends - starts)
    return means


def _legend(axes: "Axes") -> None:
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=8)
