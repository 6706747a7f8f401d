"""`uisrnn demo`: train on synthetic sequences and predict, in a few seconds."""

import numpy as np
import typer

from uisrnn.arguments import ModelArguments
from uisrnn.cli import options
from uisrnn.cli.console import show_json
from uisrnn.evals import compute_sequence_match_accuracy
from uisrnn.randomness import generator_from
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.sequences.labels import Label, renumber
from uisrnn.simulation import toy
from uisrnn.uisrnn import UISRNN

_EPILOG = "Example:\n\nuisrnn demo --seed 3"
_CLUSTERS = 4
_DIM = 16
_LENGTH = 60


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog=_EPILOG)(demo)


def demo(seed: options.Seed = 0, json: options.Json = False) -> None:
    """Train on synthetic sequences, label three others with unseen clusters, and show true and predicted labels."""
    generator = generator_from(seed)
    model = UISRNN(ModelArguments(observation_model="plda", observation_dim=_DIM, crp_alpha=None, seed=seed))
    model.arguments.verbosity = 1
    model.fit([_conversation(generator, f"training {number}") for number in range(40)])
    tests = [_conversation(generator, f"test {number}") for number in range(3)]
    predictions: list[list[Label]] = model.predict(tests)
    accuracies = [
        compute_sequence_match_accuracy(test.labels, labels) for test, labels in zip(tests, predictions, strict=True)
    ]
    if json:
        show_json({"accuracy": accuracies})
        return
    for test, labels, accuracy in zip(tests, predictions, accuracies, strict=True):
        print(f"{test.name}: {accuracy:.0%} of {len(labels)} observations")
        print("  true      ", "".join(map(str, test.labels or ())))
        print("  predicted ", "".join(map(str, labels)))
    print("\nNext: uisrnn diarize meeting.wav, or uisrnn train --help for your own data.")


def _conversation(generator: np.random.Generator, name: str) -> LabeledSequence:
    """A sequence with clusters of its own, numbered by first appearance."""
    sequence = toy.conversation(toy.centers(_CLUSTERS, _DIM, generator), _LENGTH, generator, noise=0.1)
    assert sequence.labels is not None
    return LabeledSequence(sequence.observations, renumber(sequence.labels), name=name)
