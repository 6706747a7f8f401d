import numpy as np

from uisrnn.decoding.trace import Trace


def test_labels_follow_the_back_pointers():
    trace = Trace()
    trace.append(np.array([0, 0]), np.array([[0], [1]]))
    trace.append(np.array([1, 0, 1]), np.array([[5, 6], [7, 8], [9, 4]]))
    assert trace.labels(0).tolist() == [1, 5, 6]
    assert trace.labels(1).tolist() == [0, 7, 8]
    assert trace.labels(2).tolist() == [1, 9, 4]


def test_an_empty_trace_has_no_labels():
    assert Trace().labels(0).tolist() == []
