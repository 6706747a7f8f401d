"""Evaluate a model on test meetings: DER, all pictures, and a report in a single HTML file.

python examples/evaluate_and_plot.py [FOLDER]
"""

import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("agg")

import numpy as np

import uisrnn
from uisrnn import plots
from uisrnn.report import write_report

DIM = 16


def meeting(number, voices, generator):
    """Eight turns of three speakers, with pauses between them."""
    speakers = generator.choice(len(voices), 3, replace=False)
    labels = []
    times = []
    time = 0.0
    for speaker in generator.choice(speakers, 8):
        length = int(generator.integers(3, 12))
        labels += [int(speaker)] * length
        times += [time + 0.4 * step for step in range(length)]
        time = times[-1] + generator.choice([0.4, 1.2])
    x = voices[labels] + 0.8 * generator.normal(size=(len(labels), DIM))
    return uisrnn.LabeledSequence(x, [f"speaker{label}" for label in labels], times, name=f"meeting{number}")


def main(folder):
    """Train, evaluate, draw."""
    generator = np.random.default_rng(0)
    voices = generator.normal(size=(60, DIM))
    training = [meeting(number, voices[:40], generator) for number in range(40)]
    tests = [meeting(number, voices[40:], generator) for number in range(40, 48)]

    arguments = uisrnn.ModelArguments("context_plda", observation_dim=DIM, crp_alpha=None, seed=0, verbosity=1)
    model = uisrnn.UISRNN(arguments)
    history = model.fit(training, args=uisrnn.TrainingArguments(discriminative_iteration=30))
    args = uisrnn.InferenceArguments(test_iteration=1)
    labels, scores = model.predict(tests, args, return_scores=True)
    turns = {}
    truth = {}
    for test, ids in zip(tests, labels, strict=True):
        turns[test.name] = uisrnn.to_turns(ids, test.times, min_gap=0.3)
        truth[test.name] = uisrnn.to_turns(test.labels, test.times, min_gap=0.3)

    evaluation = uisrnn.evaluate(truth, turns, collar=0.25)
    print(evaluation)
    write_report(folder / "report.html", evaluation, truth, turns, title="Test meetings")

    number = max(range(len(tests)), key=lambda number: evaluation.rows[number].der)
    worst = tests[number]
    pictures = {
        "timeline": plots.plot_timeline(truth[worst.name], turns[worst.name]),
        "embedding": plots.plot_embedding(worst.observations, worst.labels, labels[number])[0],
        "similarity": plots.plot_similarity(worst.observations, worst.labels),
        "confidence": plots.plot_confidence(scores[number].confidence, worst.times, labels[number]),
        "history": plots.plot_history(history)[0],
    }
    for name, axes in pictures.items():
        axes.figure.savefig(folder / f"{name}.png", dpi=120, bbox_inches="tight")
    print(f"highest DER: {worst.name}; written: {', '.join(sorted(path.name for path in folder.iterdir()))}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
