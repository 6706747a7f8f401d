import torch

from models import CountStates

ROWS = CountStates(torch.tensor([1.0, 2.0, 3.0]), torch.arange(6.0).reshape(3, 2), torch.ones(3, 2))


def test_take_copies_rows():
    taken = ROWS.take(torch.tensor([2, 0, 2]))
    assert taken.count.tolist() == [3, 1, 3]
    taken.count[0] = 99
    assert ROWS.count[2] == 3


def test_put_overwrites_rows_in_place():
    room = ROWS.with_capacity(5)
    assert len(room) == 5
    room.put(torch.tensor([4, 1]), ROWS.take(torch.tensor([0, 2])))
    assert room.mean[[0, 1, 4]].tolist() == [[0, 1], [4, 5], [0, 1]]
    assert ROWS.mean[1].tolist() == [2, 3]
