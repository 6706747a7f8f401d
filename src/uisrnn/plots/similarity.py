"""The picture of similarities of observations."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.plots.canvas import new_axes, plain, require_axes
from uisrnn.plots.strip import Strip
from uisrnn.sequences.observations import observations as checked

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST = 1000  # observations
_MOST_LINES = 30
_STRIP = 0.03  # width of the labels at the edge, as a share of the length


def plot_similarity(observations: Any, labels: Any = None, ax: "Axes | None" = None) -> "Axes":
    """Draw the cosine similarities of all pairs of observations, and their labels along the edges.

    If there are more than 1000 observations, only every n-th observation is drawn. The similarities of an observation
    that is zero are 0.

    Args:
        observations: (T, D) real numbers.
        labels: T strings or integers; None: no labels.
        ax: the Axes to draw on; None: a new figure.

    Raises:
        InputError: observations are not (T, D) finite numbers, or labels are not T labels.
        InputTypeError: an argument is not an array or list, or `ax` is not an Axes.
        MissingExtraError: matplotlib is not installed.

    >>> axes = plot_similarity([[1, 0], [1, 1], [0, 1]], ["ann", "ann", "bob"])
    >>> axes.images[0].get_array()[0].round(2)
    masked_array(data=[1.  , 0.71, 0.  ], mask=False, fill_value=1e+20)
    """
    points = checked(observations, where="observations").astype(np.float64)
    strip = None if labels is None else Strip(labels, "labels", len(points))
    [axes] = new_axes("plot_similarity", 7.4, 6) if ax is None else require_axes(ax, 1, "ax")
    step = -(-len(points) // _MOST)
    similar = cosines(points[::step])
    length = len(points)
    least = min(float(np.quantile(similar, 0.01)), 0.99)
    image = axes.imshow(similar, vmin=least, vmax=1, cmap="cividis", extent=(0, length, length, 0))
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.8, extend="min")
    bar.set_label("cosine similarity", size=9)
    bar.ax.tick_params(labelsize=8)
    if strip is not None:
        _label(axes, strip, length)
    marks = [
        mark for mark in axes.xaxis.get_major_locator().tick_values(0, length) if 0 <= mark <= length and mark % 1 == 0
    ]
    axes.set_xticks(marks)
    axes.set_yticks(marks)
    plain(axes)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("observation", size=9)
    axes.set_ylabel("observation", size=9)
    return axes


def cosines(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, T) cosines of the angles between (T, D) points; 0 for a point that is zero.

    >>> cosines(np.array([[2.0, 0.0], [-1.0, 0.0], [0.0, 0.0]]))
    array([[ 1., -1.,  0.],
           [-1.,  1.,  0.],
           [ 0.,  0.,  0.]])
    """
    scaled = points / np.maximum(np.abs(points).max(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    units = scaled / np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    cosine: NDArray[np.float64] = np.clip(units @ units.T, -1, 1) + 0.0  # no -0
    return cosine


def _label(axes: "Axes", strip: Strip, length: int) -> None:
    """Draw the colours of labels left of and above the matrix, and lines at changes of the label."""
    width = _STRIP * length
    gap = width / 4
    strip.draw(axes, np.arange(length + 1.0), (-width - gap, width), upright=False)
    strip.draw(axes, np.arange(length + 1.0), (-width - gap, width), upright=True)
    changes = strip.changes()
    if len(changes) <= _MOST_LINES:
        axes.hlines(changes, 0, length, color="white", linewidth=0.5)
        axes.vlines(changes, 0, length, color="white", linewidth=0.5)
    axes.set_xlim(-width - gap, length)
    axes.set_ylim(length, -width - gap)
    strip.legend(axes, below=True)
