"""Labels as a band of colours along an axis."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.plots.canvas import clusters_of, text
from uisrnn.plots.palette import FAINT, colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_NAMES = 40


class Strip:
    """Labels of observations, each label with its colour.

    Args:
        labels: T strings or integers.
        where: the words with which an error message begins.
        length: T.

    Raises:
        InputError: the number of labels is not T.
        InputTypeError: `labels` is not a list or an array.
    """

    def __init__(self, labels: Any, where: str, length: int) -> None:
        self._names, self._codes = clusters_of(labels, where, length)

    def changes(self) -> list[int]:
        """Positions of observations whose label differs from the label before it.

        >>> Strip("a a b b a".split(), "labels", 5).changes()
        [2, 4]
        """
        positions: list[int] = (np.flatnonzero(np.diff(self._codes)) + 1).tolist()
        return positions

    def draw(self, axes: "Axes", edges: NDArray[np.float64], across: tuple[float, float], upright: bool) -> None:
        """Draw the band in the coordinates of the data.

        Args:
            axes: the Axes to draw on.
            edges: (T + 1,) the start of each observation, and the end of the last observation.
            across: the start of the band on the other axis, and its width.
            upright: whether the band lies along the vertical axis.
        """
        starts = [0, *self.changes()]
        ends = [*starts[1:], len(self._codes)]
        place, width = across
        for code in range(len(self._names)):
            runs = [
                (edges[start], edges[end] - edges[start])
                for start, end in zip(starts, ends, strict=True)
                if self._codes[start] == code
            ]
            if upright:
                self._bars(axes, runs, place, width, colour(code))
            else:
                axes.broken_barh(runs, (place, width), facecolor=colour(code), linewidth=0)

    def draw_groups(
        self, axes: "Axes", edges: NDArray[np.float64], firsts: NDArray[np.int64], across: tuple[float, float]
    ) -> None:
        """Draw the band along the horizontal axis; the observations of a group lie below each other.

        Args:
            axes: the Axes to draw on.
            edges: (groups + 1,) the start of each group, and the end of the last group.
            firsts: (groups,) the first observation of each group.
            across: the start of the band on the vertical axis, and its height.
        """
        sizes = np.diff(np.append(firsts, len(self._codes)))
        groups = np.repeat(np.arange(len(firsts)), sizes)
        places = np.arange(len(self._codes)) - firsts[groups]
        kinds = np.stack([self._codes, sizes[groups], places], axis=1)
        for kind in np.unique(kinds, axis=0):
            code, size, place = kind.tolist()
            own = groups[(kinds == kind).all(axis=1)]
            runs = np.split(own, np.flatnonzero(np.diff(own) > 1) + 1)
            bars = [(edges[run[0]], edges[run[-1] + 1] - edges[run[0]]) for run in runs]
            height = across[1] / size
            bottom = across[0] + across[1] * (size - 1 - place) / size
            axes.broken_barh(bars, (bottom, height), facecolor=colour(code), linewidth=0)

    @staticmethod
    def _bars(axes: "Axes", runs: list[tuple[float, float]], place: float, width: float, shade: str) -> None:
        starts, lengths = zip(*runs, strict=True)
        axes.bar(place, lengths, width, starts, align="edge", color=shade, linewidth=0)

    def legend(self, axes: "Axes", *, below: bool) -> None:
        """Draw the names below the data or on its right."""
        for code, name in list(enumerate(self._names))[:_MOST_NAMES]:
            axes.bar([0], [0], color=colour(code), label=text(name))
        if len(self._names) > _MOST_NAMES:
            axes.bar([0], [0], color=FAINT, label=f"{len(self._names) - _MOST_NAMES} more")
        place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1), "ncols": 1 + len(self._names) // 13}
        if below:
            columns = min(len(self._names), 8)
            place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.1), "ncols": columns}
        axes.legend(frameon=False, fontsize=8, handlelength=1, handleheight=1, **place)
