"""The picture of confidence over time."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.errors import InputError, InputTypeError
from uisrnn.plots import clock
from uisrnn.plots.canvas import new_axes, plain, require_axes
from uisrnn.plots.palette import GROUND, INK, colour
from uisrnn.plots.strip import Strip
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.turns.turn import FARTHEST

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
_MOST = 750  # steps in the picture
_CLOSE = 1e-6  # the largest rounding error of a share
_STRIP = (-0.13, 0.09)


def plot_confidence(confidence: Any, times: Any = None, labels: Any = None, ax: "Axes | None" = None) -> "Axes":
    """Draw the confidence of each label, as `predict(..., return_scores=True)` gives it, and below it the labels.

    Observations with the same time are a single step. If there are more than 750 times, neighbouring times are a single
    step too. A line shows the mean of a step, and a shade reaches down to the lowest value. Labels with the same time
    share the height of the band.

    Args:
        confidence: (T,) from 0 to 1.
        times: (T,) seconds, which do not decrease; None: the numbers of the observations.
        labels: T strings or integers; None: no labels.
        ax: the Axes to draw on; None: a new figure.

    Raises:
        InputError: a number is not from 0 to 1, times decrease, or the lengths differ.
        InputTypeError: an argument is not an array or list, or `ax` is not an Axes.
        MissingExtraError: matplotlib is not installed.

    >>> axes = plot_confidence([1.0, 0.6, 0.9], labels=[0, 0, 1])
    >>> axes.get_xlabel()
    'observation'
    """
    values = _shares(confidence)
    strip = None if labels is None else Strip(labels, "labels", len(values))
    centers = np.arange(float(len(values))) if times is None else _times(times, len(values))
    distinct, firsts = np.unique(centers, return_index=True)
    edges = _edges(distinct)
    [axes] = new_axes("plot_confidence", 11, 2.6) if ax is None else require_axes(ax, 1, "ax")
    _draw(axes, values, firsts, edges)
    if strip is not None:
        strip.draw_groups(axes, edges, firsts, _STRIP)
        strip.legend(axes, below=False)
    plain(axes)
    axes.set_ylim(_STRIP[0] - 0.02 if strip is not None else 0, 1.02)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_yticks([0, 0.5, 1])
    axes.set_ylabel("confidence", size=9)
    axes.set_xlabel("observation" if times is None else clock.unit(edges[-1] - edges[0]), size=9)
    if times is None:
        axes.locator_params(axis="x", integer=True)
    else:
        marks = clock.ticks(float(edges[0]), float(edges[-1]))
        axes.set_xticks([time for time, _ in marks], [label for _, label in marks])
    return axes


def _shares(confidence: Any) -> Array:
    try:
        values = np.array(confidence, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise InputTypeError(f"confidence must be an array of numbers, but: {error}") from error
    if values.ndim != 1 or len(values) == 0:
        raise InputError(f"confidence must be of shape (T,) with T >= 1, but is {values.shape}")
    wrong = ~((values >= -_CLOSE) & (values <= 1 + _CLOSE))
    if wrong.any():
        position = int(np.flatnonzero(wrong)[0])
        raise InputError(f"confidence must be from 0 to 1, but at position {position} is {values[position]}")
    return np.clip(values, 0, 1)


def _times(times: Any, length: int) -> Array:
    sequence = LabeledSequence(np.zeros((length, 1), dtype=np.float32), times=times, name="confidence")
    assert sequence.times is not None
    if not np.abs(sequence.times).max() < FARTHEST:
        raise InputError(f"times must be seconds below {FARTHEST:g}, but go from {sequence.times[0]} on")
    return sequence.times


def _edges(centers: Array) -> Array:
    """The edges between distinct times, half way from each time to the next time."""
    middles = (centers[1:] + centers[:-1]) / 2
    half = float(np.median(np.diff(centers))) / 2 if len(centers) > 1 else 0.5
    return np.concatenate([[centers[0] - half], middles, [centers[-1] + half]])


def _draw(axes: "Axes", values: Array, firsts: Integers, edges: Array) -> None:
    """A step for each time or for several times: the lowest value and the mean."""
    shown = np.arange(0, len(firsts), -(-len(firsts) // _MOST))
    starts = firsts[shown]
    counts = np.diff(np.append(starts, len(values)))
    lowest = np.minimum.reduceat(values, starts)
    mean = np.add.reduceat(values, starts) / counts
    corners = np.append(edges[shown], edges[-1])
    axes.fill_between(corners, np.append(lowest, lowest[-1]), 1, step="post", color=colour(5), alpha=0.25, linewidth=0)
    axes.axhspan(0, 1, color=GROUND, zorder=-1)
    axes.stairs(mean, corners, color=INK, linewidth=1, baseline=None)
