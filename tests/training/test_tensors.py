"""What is kept of parameters and optimizers is all that is needed to go on."""

import pytest
import torch
from torch import nn

from uisrnn.checkpoint.container import named, part
from uisrnn.errors import CheckpointError
from uisrnn.training.tensors import (
    ParameterCopy,
    copy_into,
    load_into,
    load_optimizer,
    optimizer_tensors,
)


def module(seed, width=3):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Linear(2, width)


def train(model, optimizer, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.ones(1, 2)).square().sum().backward()
        optimizer.step()


def test_parts_are_told_apart_by_their_names():
    tensors = {"a": torch.ones(1), "b.c": torch.zeros(2)}
    both = {**named("adam", tensors), **named("adamant", tensors)}
    assert list(both) == ["adam.a", "adam.b.c", "adamant.a", "adamant.b.c"]
    assert part("adam", both) == tensors


@pytest.mark.parametrize("fused", [True, False])
def test_a_module_and_its_optimizer_go_on_as_if_nothing_had_been(fused):
    def new(seed):
        model = module(seed)
        groups = [{"params": [model.weight], "lr": 0.1}, {"params": [model.bias], "lr": 0.3}]
        return model, torch.optim.Adam(groups, fused=fused)

    whole, optimizer = new(0)
    train(whole, optimizer, 5)
    first, optimizer = new(0)
    train(first, optimizer, 3)
    kept = named("model", first.state_dict()), named("adam", optimizer_tensors(optimizer))
    kept = tuple({name: one.clone() for name, one in tensors.items()} for tensors in kept)
    second, optimizer = new(1)
    load_into(second, part("model", kept[0]))
    load_optimizer(optimizer, part("adam", kept[1]))
    train(second, optimizer, 2)
    assert torch.equal(whole.weight, second.weight)
    assert torch.equal(whole.bias, second.bias)


def test_an_optimizer_that_made_no_step_has_nothing_to_keep():
    optimizer = torch.optim.Adam(module(0).parameters())
    assert optimizer_tensors(optimizer) == {}
    load_optimizer(optimizer, {})
    assert optimizer.state_dict()["state"] == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"0.exp_avg": torch.ones(7)},
        {"9.exp_avg": torch.ones(3, 2)},
        {"zero.exp_avg": torch.ones(3, 2)},
        {"0.exp_avg": None},
        {"0.else": torch.ones(3, 2)},
    ],
    ids=["shape", "number", "no number", "missing", "name"],
)
def test_what_is_not_of_this_optimizer_is_refused(wrong):
    model = module(0)
    optimizer = torch.optim.Adam(model.parameters())
    train(model, optimizer, 1)
    tensors = {**optimizer_tensors(optimizer), **wrong}
    with pytest.raises(CheckpointError, match="the optimizer in the checkpoint is of another model"):
        load_optimizer(optimizer, {name: one for name, one in tensors.items() if one is not None})


def test_weights_must_be_those_of_the_module():
    model = module(0)
    before = model.weight.clone()
    with pytest.raises(CheckpointError, match="must hold the weights weight, bias, but holds weight"):
        load_into(model, {"weight": torch.zeros(3, 2)})
    with pytest.raises(CheckpointError, match="are of other shapes"):
        load_into(model, module(0, width=4).state_dict())
    with pytest.raises(CheckpointError, match="are of other shapes"):
        copy_into([torch.zeros(2)], [])
    assert torch.equal(model.weight, before)


def test_a_snapshot_is_a_copy_that_can_be_put_back():
    parameters = [torch.ones(2, requires_grad=True), torch.zeros(1)]
    snapshot = ParameterCopy(parameters)
    assert (snapshot.was_taken, snapshot.tensors()) == (False, {})
    snapshot.take()
    with torch.no_grad():
        parameters[0].fill_(7)
    assert snapshot.was_taken
    snapshot.put()
    assert parameters[0].tolist() == [1.0, 1.0]
    snapshot.take([torch.full((2,), 5.0), torch.full((1,), 6.0)])
    assert parameters[0].tolist() == [1.0, 1.0]
    snapshot.put()
    assert [one.tolist() for one in parameters] == [[5.0, 5.0], [6.0]]


def test_a_snapshot_goes_through_tensors():
    parameters = [torch.ones(2), torch.zeros(1)]
    snapshot, other = ParameterCopy(parameters), ParameterCopy(parameters)
    snapshot.take()
    other.restore(snapshot.tensors())
    assert [one.tolist() for one in other.values] == [[1.0, 1.0], [0.0]]
    other.restore({})
    assert not other.was_taken


@pytest.mark.parametrize("wrong", [{"0": torch.ones(2)}, {"0": torch.ones(2), "1": torch.ones(5)}], ids=len)
def test_a_snapshot_of_other_parameters_is_refused(wrong):
    with pytest.raises(CheckpointError, match="are of other shapes"):
        ParameterCopy([torch.ones(2), torch.zeros(1)]).restore(wrong)
