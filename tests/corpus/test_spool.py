"""A spool gives back what was written to it, to any thread, and tells where when it cannot."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uisrnn.corpus.spool import Spool


def rows(start, stop, dim=3):
    return np.arange(start * dim, stop * dim, dtype=np.float32).reshape(-1, dim)


@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6), data=st.data())
def test_any_stretch_of_what_was_written_is_read(lengths, data):
    with Spool(None, 3) as spool:
        for start, stop in zip(np.cumsum([0, *lengths[:-1]]), np.cumsum(lengths), strict=True):
            spool.write(rows(start, stop))
            assert len(spool) == stop
        first = data.draw(st.integers(0, sum(lengths) - 1))
        last = data.draw(st.integers(first + 1, sum(lengths)))
        assert (spool.read(first, last) == rows(first, last)).all()


def test_rows_of_any_layout_are_written(generator):
    values = generator.normal(size=(3, 8)).astype(np.float32)
    with Spool(None, 3) as spool:
        spool.write(values.T)
        spool.write(values.T[::2])
        assert (spool.read(0, 12) == np.concatenate([values.T, values.T[::2]])).all()


def test_threads_read_side_by_side(generator):
    starts = generator.integers(9000, size=400).tolist()
    with Spool(None, 3) as spool, ThreadPoolExecutor(8) as threads:
        spool.write(rows(0, 10000))
        found = threads.map(lambda start: spool.read(start, start + 1000), starts)
        assert all((one == rows(start, start + 1000)).all() for start, one in zip(starts, found, strict=True))


def test_nothing_is_left_in_the_folder(tmp_path):
    with Spool(tmp_path, 3) as spool:
        spool.write(rows(0, 9))
        if os.name == "posix":  # elsewhere it has a name as long as it is open
            assert list(tmp_path.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        Spool(tmp_path / "nowhere", 3)


FULL = """
import resource, sys
import numpy as np
from uisrnn.corpus.spool import Spool

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
with Spool(sys.argv[1], 3) as spool:
    spool.write(np.ones((1000, 3), np.float32))
    try:
        spool.write(np.ones((10000, 3), np.float32))
    except OSError as error:
        print(error)
    print(len(spool), spool.read(0, 1000).sum())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are those of POSIX")
@pytest.mark.slow
def test_a_full_disk_is_an_error_with_the_folder_and_what_was_there_stays(tmp_path):
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True)
    error, rest = done.stdout.splitlines()
    assert "for a copy of the observations for training; `scratch` gives its folder" in error
    assert str(tmp_path) in error
    assert rest == "1000 3000.0"
