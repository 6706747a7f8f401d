"""Only recordings of single speakers, and turns of real conversations: conversations to train on, made of both.

python examples/simulate.py
"""

import numpy as np

import uisrnn

DIM = 24


def turns_of_a_meeting(generator):
    """What an RTTM file holds: who speaks from when to when; here three speakers and pauses."""
    turns, time = [], 0.0
    for speaker in generator.choice(["A", "B", "C"], 15):
        seconds = generator.gamma(2, 1.2)
        turns.append((time, time + seconds, str(speaker)))
        time += seconds + generator.choice([0.0, 0.5])
    return turns


def voices_alone(centers, generator):
    """For each speaker, observations of the voice alone: 60 of a monologue, a window every 0.4 s."""
    return {f"voice{number}": one + 0.6 * generator.normal(size=(60, DIM)) for number, one in enumerate(centers)}


def main():
    """Train on conversations as they are made; judge on those of other voices and other turns."""
    generator = np.random.default_rng(0)
    centers = generator.normal(size=(60, DIM))
    meetings = [turns_of_a_meeting(generator) for _ in range(30)]
    x, labels = uisrnn.simulate(meetings[:20], voices_alone(centers[:40], generator), number=80, seed=0)
    print(f"{len(x)} conversations made, {sum(map(len, x))} observations; the first:", *labels[0][:8], "...")

    model = uisrnn.UISRNN(
        uisrnn.ModelArguments("context_plda", observation_dim=DIM, crp_alpha=None, seed=0, verbosity=1)
    )
    arguments = uisrnn.TrainingArguments(discriminative_iteration=30, enforce_cluster_id_uniqueness=False)
    model.fit(x, labels, arguments)

    tests, truth = uisrnn.simulate(meetings[20:], voices_alone(centers[40:], generator), seed=1)
    found = model.predict(tests, uisrnn.InferenceArguments(test_iteration=1))
    accuracies = [uisrnn.compute_sequence_match_accuracy(one, ids) for one, ids in zip(truth, found, strict=True)]
    print(f"accuracy on 10 conversations of other voices: {np.mean(accuracies):.1%}")


if __name__ == "__main__":
    main()
