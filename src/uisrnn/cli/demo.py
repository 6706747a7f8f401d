"""`uisrnn demo`: train, predict and look, on made-up sequences, in a few seconds."""

import numpy as np
import typer

from uisrnn.arguments import ModelArguments
from uisrnn.cli import options
from uisrnn.cli.console import show_json
from uisrnn.evals import compute_sequence_match_accuracy
from uisrnn.randomness import generator_from
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.sequences.labels import Label
from uisrnn.simulation import toy
from uisrnn.uisrnn import UISRNN

_EPILOG = "Example:\n\nuisrnn demo --seed 3"
_CLUSTERS, _DIM, _LENGTH = 4, 16, 60


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=_EPILOG)(demo)


def demo(seed: options.Seed = 0, json: options.Json = False) -> None:
    """Train on made-up sequences, label others with clusters never met, and show both."""
    generator = generator_from(seed)
    model = UISRNN(ModelArguments(observation_model="plda", observation_dim=_DIM, crp_alpha=None, seed=seed))
    model.arguments.verbosity = 1
    model.fit([_conversation(generator, f"training {number}") for number in range(40)])
    tests = [_conversation(generator, f"test {number}") for number in range(3)]
    found: list[list[Label]] = model.predict(tests)
    accuracies = [compute_sequence_match_accuracy(one.labels, ids) for one, ids in zip(tests, found, strict=True)]
    if json:
        show_json({"accuracy": accuracies})
        return
    for one, ids, accuracy in zip(tests, found, accuracies, strict=True):
        print(f"{one.name}: {accuracy:.0%} of {len(ids)} observations")
        print("  true  ", "".join(map(str, one.labels or ())))
        print("  found ", "".join(map(str, ids)))
    print("\nNext: uisrnn diarize meeting.wav, or uisrnn train --help for data of your own.")


def _conversation(generator: np.random.Generator, name: str) -> LabeledSequence:
    """Clusters that no other sequence has, numbered by first appearance."""
    one = toy.conversation(toy.centers(_CLUSTERS, _DIM, generator), _LENGTH, generator, noise=0.1)
    assert one.labels is not None
    known: dict[int, int] = {}
    labels = [known.setdefault(label, len(known)) for label in one.labels.tolist()]
    return LabeledSequence(one.observations, tuple(labels), name=name)
