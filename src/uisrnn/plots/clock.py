"""Times in seconds, minutes and hours, and ticks of an axis of time."""

from itertools import chain, count
from math import ceil, floor

_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)

_CLOSE = 1e-6  # steps, after rounding


def ticks(start: float, end: float, most: int = 10) -> list[tuple[float, str]]:
    """The ticks of an axis of time: pairs of the time in seconds and its label.

    Args:
        start: of the axis in seconds.
        end: of the axis in seconds.
        most: the largest number of ticks.

    >>> ticks(0, 4000, most=4)
    [(0, '0:00'), (1800, '30:00'), (3600, '1:00:00')]
    >>> ticks(0.5, 2, most=4)
    [(0.5, '0.5'), (1.0, '1.0'), (1.5, '1.5'), (2.0, '2.0')]
    """
    longer = (86400 * 2**power for power in count())
    step = next(step for step in chain(_STEPS, longer) if (end - start) / step <= most - 1)
    numbers = range(ceil(start / step - _CLOSE), floor(end / step + _CLOSE) + 1)
    return [(number * step, words(number * step, end - start)) for number in numbers]


def words(seconds: float, span: float) -> str:
    """The label of a time on an axis of `span` seconds: seconds on a short axis, else minutes and hours.

    >>> words(75, 60), words(75, 600), words(-3675, 9000)
    ('75', '1:15', '-1:01:15')
    """
    if span <= 120:
        return f"{seconds:.{0 if span > 8 else 1 if span > 0.8 else 2}f}"
    minutes, rest = divmod(round(abs(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return "-" + text if seconds < 0 else text


def unit(span: float) -> str:
    """The title of an axis of `span` seconds, with the unit of its labels.

    >>> unit(60), unit(600), unit(9000)
    ('time (s)', 'time (min:s)', 'time (h:min:s)')
    """
    return "time (s)" if span <= 120 else "time (min:s)" if span < 3600 else "time (h:min:s)"
