"""Observations as points of a plane."""

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
    """Draw observations along their two principal components, coloured by true and, beside it, by predicted labels.

    A predicted cluster has the colour and marker of the true one that it is matched with one to one; observations with
    another label than that are ringed. Of more than 20,000 observations only every n-th is looked at.

    Args:
        observations: (T, D) real numbers.
        labels: T strings or integers.
        predicted: as many labels that were found; None: none.
        axes: where to draw, an Axes, or two with `predicted`; None: a figure of their own.

    Returns:
        The Axes of `labels`, and that of `predicted`.

    Raises:
        InputError: observations are not (T, D) finite numbers, or labels are not T labels.
        InputTypeError: something is no array or list, or `axes` are not so many.
        MissingExtraError: matplotlib is not installed.

    >>> true, found = plot_embedding([[0, 0], [0, 1], [5, 5]], ["ann", "ann", "bob"], [0, 0, 0])
    >>> found.get_title()
    'predicted: 66.7 % right'
    """
    points = checked(observations, where="observations")
    told = _Clusters.of(labels, "labels", len(points))
    found = None if predicted is None else _Clusters.of(predicted, "predicted", len(points)).matched_with(told)
    number = 1 if found is None else 2
    drawn = (
        new_axes("plot_embedding", 5.6 * number + 1.6, 5, number)
        if axes is None
        else require_axes(axes, number, "axes")
    )
    kept = slice(None, None, -(-len(points) // _MOST_POINTS))
    places, shares = principal_components(points[kept].astype(np.float64))
    told.draw(drawn[0], places, kept)
    drawn[0].set_title("labels" if found is None else "true", size=10, color=INK)
    if found is not None:
        wrong = found.styles[found.codes] != told.codes
        found.draw(drawn[1], places, kept)
        _ring(drawn[1], places[wrong[kept]])
        drawn[1].set_title(f"predicted: {100 * (1 - wrong.mean()):.1f} % right", size=10, color=INK)
    for one in drawn:
        _finish(one, shares)
    _legend(drawn[-1], told, found)
    return drawn


def principal_components(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates along the two directions in which points differ most, and the share of variance along each.

    Args:
        points: (T, D).

    Returns:
        (T, 2) and (2,); zeros where there is nothing left that differs.

    >>> principal_components(np.array([[0.0, 3.0], [4.0, 3.0]]))[1]
    array([1., 0.])
    """
    centered = points - points.mean(axis=0)
    left, lengths, _right = np.linalg.svd(centered, full_matrices=False)
    places, variance = np.zeros((len(points), 2)), np.zeros(2)
    places[:, : len(lengths)] = (left * lengths)[:, :2]
    variance[: len(lengths)] = lengths[:2] ** 2
    return places, variance / ((lengths**2).sum() or 1.0)


class _Clusters:
    """Labels, and how each cluster looks."""

    def __init__(self, names: list[Label], codes: NDArray[np.int64]) -> None:
        self.names = names
        self.codes = codes
        self.styles = np.arange(len(names))

    @classmethod
    def of(cls, labels: Any, where: str, length: int) -> "_Clusters":
        """Checked labels of so many observations."""
        return cls(*clusters_of(labels, where, length))

    def matched_with(self, told: "_Clusters") -> "_Clusters":
        """Styles of those that clusters are matched with, and new ones for the others."""
        matched = {column: row for row, column in match(counts(told.codes, self.codes))}
        new = count(len(told.names))
        self.styles = np.array([matched[code] if code in matched else next(new) for code in range(len(self.names))])
        return self

    def draw(self, axes: "Axes", places: NDArray[np.float64], kept: slice) -> None:
        """Points of each cluster; the most frequent ones below."""
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


def _legend(axes: "Axes", told: _Clusters, found: _Clusters | None) -> None:
    """Beside the last Axes: names of both that look alike, what rings mean."""
    names = {number: str(name) for number, name in enumerate(told.names)}
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
