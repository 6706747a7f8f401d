import numba
import numpy as np

from uisrnn.compiled import compiled, compiled_sums


def test_functions_are_compiled_at_their_first_call():
    @compiled
    def doubled(x):
        return 2 * x

    @compiled_sums
    def total(x):
        result = 0.0
        for value in x:
            result += value
        return result

    assert doubled(4) == 8
    assert total(np.array([1.0, np.inf])) == np.inf
    assert np.isnan(total(np.array([1.0, np.nan])))


def test_where_nothing_can_be_cached_functions_are_compiled_all_the_same(monkeypatch):
    njit = numba.njit

    def without_cache(*given, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(*given, **options)

    monkeypatch.setattr("numba.njit", without_cache)
    assert compiled(lambda x: x + 1)(2) == 3
