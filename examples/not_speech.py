"""Find the states of a machine from its vibrations, also states that are not in the training data.

Each state (idle, drilling, a worn bearing, ...) has its own vibrations: energies in 12 bands. Engineers labelled the
log files of 40 machines. The model learns how much the energies vary within a state and between states. So it finds
unknown states of a new machine, and recognises a state that comes again, minute by minute.

python examples/not_speech.py
"""

import numpy as np

import uisrnn

BANDS = 12


def log_file(states, generator):
    """The energies and the state of a machine for each minute; the machine has four states, which come again."""
    states_of_machine = generator.choice(len(states), 4, replace=False)
    labels = np.repeat(generator.choice(states_of_machine, 15), generator.integers(5, 30, 15))
    load = generator.normal(size=(len(labels), 1))  # the load shifts all bands by the same amount
    return states[labels] + 0.5 * load + 0.4 * generator.normal(size=(len(labels), BANDS)), labels


def main():
    """Learn from labelled machines, then watch a new machine."""
    generator = np.random.default_rng(0)
    states = generator.normal(size=(30, BANDS))
    logs = [log_file(states[:20], generator) for _ in range(40)]
    model = uisrnn.UISRNN(uisrnn.ModelArguments("plda", observation_dim=BANDS, crp_alpha=None, seed=0, verbosity=1))
    arguments = uisrnn.TrainingArguments(enforce_cluster_id_uniqueness=False)  # a state is the same in all machines
    model.fit([x for x, _ in logs], [labels for _, labels in logs], arguments)

    x, labels = log_file(states[20:], generator)
    stream = model.stream(uisrnn.InferenceArguments(commit_lag=10))
    predicted = []
    for minute, energies in enumerate(x):
        for start, state in stream.push(energies).final.items():
            if state not in predicted:
                print(f"minute {minute:3}: state {state} is new, it began in minute {start}")
            predicted.append(state)
    predicted += stream.flush().final.values()

    print(f"states of the machine: {len(set(labels.tolist()))}, predicted states: {len(set(predicted))}")
    print(f"minutes with the right state: {uisrnn.compute_sequence_match_accuracy(labels, predicted):.1%}")


if __name__ == "__main__":
    main()
