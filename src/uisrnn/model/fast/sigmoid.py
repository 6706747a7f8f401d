"""The nonlinearities of a GRU in loops that compile to vector code; the exponential of the C library does not.

For x = k log 2 + r with an integer k and |r| <= log(2) / 2, e^x = 2^k e^r; seven terms of the Taylor series of e^r are
enough for single precision. In double precision, the exponential of the library is used.
"""

from collections.abc import Callable
from math import exp, log
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from uisrnn.compiled import REORDER, compiled_sums

_LOG2_E = np.float32(1 / log(2))
_LOG_2_HIGH = np.float32(355 / 512)  # so few bits that k times it is exact
_LOG_2_LOW = np.float32(log(2) - 355 / 512)
_LARGEST = np.float32(87.0)  # e^87 is still a number of single precision
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_C3 = np.float32(1 / 6)
_C4 = np.float32(1 / 24)
_C5 = np.float32(1 / 120)
_C6 = np.float32(1 / 720)
_C7 = np.float32(1 / 5040)


def _single(x: Any) -> Any:
    """e^x, with x clipped to -87 .. 87."""
    bounded = min(max(x, -_LARGEST), _LARGEST)
    k = np.floor(bounded * _LOG2_E + _HALF)
    r = bounded - k * _LOG_2_HIGH - k * _LOG_2_LOW
    series = _ONE + r * (_ONE + r * (_HALF + r * (_C3 + r * (_C4 + r * (_C5 + r * (_C6 + r * _C7))))))
    return series * np.int32((np.int32(k) + np.int32(127)) << np.int32(23)).view(np.float32)  # 2^k, by its bits


def _double(x: Any) -> Any:
    return exp(x)


def exponential(x: Any) -> Any:
    """e^x in the precision of x."""
    return np.exp(x)


@overload(exponential, jit_options={"fastmath": REORDER})
def _of_precision(x: Any) -> Callable[[Any], Any]:
    """`exponential` in compiled code."""
    return _single if x == types.float32 else _double


@compiled_sums
def sigmoid(x: Any) -> Any:
    """1 / (1 + e^-x)."""
    return _ONE / (_ONE + exponential(-x))


@compiled_sums
def tanh(x: Any) -> Any:
    """1 - 2 / (1 + e^2x)."""
    return _ONE - (_ONE + _ONE) / (_ONE + exponential(x + x))
