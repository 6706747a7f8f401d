"""Simulate conversations to train on, from recordings of single speakers and turns of real conversations.

python examples/simulate.py
"""

import numpy as np

import uisrnn

DIM = 24


def turns_of_a_meeting(generator):
    """Turns as in an RTTM file: three speakers, with pauses."""
    turns = []
    time = 0.0
    for speaker in generator.choice(["A", "B", "C"], 15):
        seconds = generator.gamma(2, 1.2)
        turns.append((time, time + seconds, str(speaker)))
        time += seconds + generator.choice([0.0, 0.5])
    return turns


def voices_alone(centers, generator):
    """For each speaker, 60 observations of a monologue, a window every 0.4 s."""
    return {f"voice{number}": center + 0.6 * generator.normal(size=(60, DIM)) for number, center in enumerate(centers)}


def main():
    """Train on simulated conversations, and test on simulated conversations of other voices and other turns."""
    generator = np.random.default_rng(0)
    centers = generator.normal(size=(60, DIM))
    meetings = [turns_of_a_meeting(generator) for _ in range(30)]
    x, labels = uisrnn.simulate(meetings[:20], voices_alone(centers[:40], generator), number=80, seed=0)
    print(f"{len(x)} conversations, {sum(map(len, x))} observations; the first labels:", *labels[0][:8], "...")

    model = uisrnn.UISRNN(
        uisrnn.ModelArguments("context_plda", observation_dim=DIM, crp_alpha=None, seed=0, verbosity=1)
    )
    arguments = uisrnn.TrainingArguments(discriminative_iteration=30, enforce_cluster_id_uniqueness=False)
    model.fit(x, labels, arguments)

    tests, truth = uisrnn.simulate(meetings[20:], voices_alone(centers[40:], generator), seed=1)
    predicted = model.predict(tests, uisrnn.InferenceArguments(test_iteration=1))
    accuracies = [uisrnn.compute_sequence_match_accuracy(*pair) for pair in zip(truth, predicted, strict=True)]
    print(f"accuracy on 10 conversations of other voices: {np.mean(accuracies):.1%}")


if __name__ == "__main__":
    main()
