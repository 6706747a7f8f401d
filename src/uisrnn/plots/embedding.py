"""The picture of observations as points of a plane."""

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.evals.contingency import counts, match
from uisrnn.plots.canvas import clusters_of, new_axes, plain, require_axes, text
from uisrnn.plots.palette import FAINT, INK, colour, marker
from uisrnn.sequences.labels import Label
from uisrnn.sequences.observations import observations as checked

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_POINTS = 20_000
_RING = 45
_MOST_NAMES = 40  # in a legend


def plot_embedding(
    observations: Any, labels: Any, predicted: Any = None, axes: "Axes | Sequence[Axes] | None" = None
) -> "list[Axes]":
    """Draw observations along their two principal components, coloured by labels and, beside it, by predicted labels.

    Clusters are matched one to one, and a predicted cluster has the colour and marker of its true cluster. A ring marks
    an observation whose predicted cluster is matched with another true cluster. If there are more than 20,000
    observations, only every n-th observation is drawn.

    Args:
        observations: (T, D) real numbers.
        labels: T strings or integers.
        predicted: T predicted labels; None: no predicted labels.
        axes: the Axes to draw on, two Axes with `predicted`; None: a new figure.

    Returns:
        The Axes of `labels`, and then the Axes of `predicted`.

    Raises:
        InputError: observations are not (T, D) finite numbers, or labels are not T labels.
        InputTypeError: an argument is not an array or list, or `axes` is not the needed number of Axes.
        MissingExtraError: matplotlib is not installed.

    >>> _, predicted_axes = plot_embedding([[0, 0], [0, 1], [5, 5]], ["ann", "ann", "bob"], [0, 0, 0])
    >>> predicted_axes.get_title()
    'predicted: 66.7 % right'
    """
    points = checked(observations, where="observations")
    true = _Clusters.of(labels, "labels", len(points))
    found = None if predicted is None else _Clusters.of(predicted, "predicted", len(points)).matched_with(true)
    number = 1 if found is None else 2
    drawn = (
        new_axes("plot_embedding", 5.6 * number + 1.6, 5, number)
        if axes is None
        else require_axes(axes, number, "axes")
    )
    kept = slice(None, None, -(-len(points) // _MOST_POINTS))
    places, shares = principal_components(points[kept].astype(np.float64))
    true.draw(drawn[0], places, kept)
    drawn[0].set_title("labels" if found is None else "true", size=10, color=INK)
    if found is not None:
        wrong = found.styles[found.codes] != true.codes
        found.draw(drawn[1], places, kept)
        _ring(drawn[1], places[wrong[kept]])
        drawn[1].set_title(f"predicted: {100 * (1 - wrong.mean()):.1f} % right", size=10, color=INK)
    for panel in drawn:
        _finish(panel, shares)
    _legend(drawn[-1], true, found)
    return drawn


def principal_components(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates along the first two principal components, and their shares of the variance.

    Args:
        points: (T, D).

    Returns:
        (T, 2) and (2,); zeros if the points vary in fewer than two directions.

    >>> principal_components(np.array([[0.0, 3.0], [4.0, 3.0]]))[1]
    array([1., 0.])
    """
    centered = points - points.mean(axis=0)
    left, lengths, _right = np.linalg.svd(centered, full_matrices=False)
    places = np.zeros((len(points), 2))
    variance = np.zeros(2)
    places[:, : len(lengths)] = (left * lengths)[:, :2]
    variance[: len(lengths)] = lengths[:2] ** 2
    return places, variance / ((lengths**2).sum() or 1.0)


class _Clusters:
    """Labels, and the number of the colour and marker of each cluster."""

    def __init__(self, names: list[Label], codes: NDArray[np.int64]) -> None:
        self.names = names
        self.codes = codes
        self.styles = np.arange(len(names))

    @classmethod
    def of(cls, labels: Any, where: str, length: int) -> "_Clusters":
        """Clusters of `length` labels, checked."""
        return cls(*clusters_of(labels, where, length))

    def matched_with(self, true: "_Clusters") -> "_Clusters":
        """Take the styles of matched true clusters, and new styles for other clusters."""
        matched = {column: row for row, column in match(counts(true.codes, self.codes))}
        new = count(len(true.names))
        self.styles = np.array([matched[code] if code in matched else next(new) for code in range(len(self.names))])
        return self

    def draw(self, axes: "Axes", places: NDArray[np.float64], kept: slice) -> None:
        """Draw the points of each cluster, large clusters first so that they do not cover small clusters."""
        codes = self.codes[kept]
        size = float(np.clip(6000 / len(codes), 5, 30))
        order = np.argsort(-np.bincount(codes, minlength=len(self.names)))
        for code in order.tolist():
            style = int(self.styles[code])
            x, y = places[codes == code].T
            axes.scatter(x, y, s=size, color=colour(style), marker=marker(style), alpha=0.8, linewidth=0)


def _ring(axes: "Axes", places: NDArray[np.float64]) -> None:
    axes.scatter(places[:, 0], places[:, 1], s=_RING, facecolor="none", edgecolor=INK, linewidth=0.6)


def _finish(axes: "Axes", shares: NDArray[np.float64]) -> None:
    plain(axes)
    axes.margins(0.05)
    axes.set_xlabel(f"1st principal component ({100 * shares[0]:.0f} % of variance)", size=9)
    axes.set_ylabel(f"2nd principal component ({100 * shares[1]:.0f} %)", size=9)


def _legend(axes: "Axes", true: _Clusters, found: _Clusters | None) -> None:
    """Draw the legend beside the last Axes: the names of matched clusters, and the meaning of rings."""
    names = {number: str(name) for number, name in enumerate(true.names)}
    if found is not None:
        found_styles = set(found.styles.tolist())
        names = {style: name if style in found_styles else f"{name} (not found)" for style, name in names.items()}
        for name, style in zip(found.names, found.styles.tolist(), strict=True):
            names[style] = f"{names[style]} = {name}" if style in names else f"{name} (only predicted)"
    shown = list(names.items())[:_MOST_NAMES]
    for style, name in shown:
        axes.scatter([], [], color=colour(style), marker=marker(style), label=text(name), linewidth=0)
    if len(names) > len(shown):
        axes.scatter([], [], color=FAINT, marker=".", label=f"{len(names) - len(shown)} more", linewidth=0)
    if found is not None:
        axes.scatter([], [], s=_RING, facecolor="none", edgecolor=INK, linewidth=0.6, label="wrong")
    columns = 1 if len(shown) <= 22 else 2
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=8, ncols=columns)
