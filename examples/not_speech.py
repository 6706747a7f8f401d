"""Nothing about speech: states of a machine, told by its vibrations, with states that nobody has seen before.

Each state (idle, drilling, a worn bearing, ...) shakes the machine in a way of its own: energies in 12 bands. Engineers
labelled the log files of 40 machines. The model learns how much one state varies and how much states differ, and so
finds states of a new machine that no label ever named, and knows them when they come again, while they last.

python examples/not_speech.py
"""

import numpy as np

import uisrnn

BANDS = 12


def log_file(states, generator):
    """Energies each minute, and the state: some of those of this machine, again and again."""
    own = generator.choice(len(states), 4, replace=False)
    labels = np.repeat(generator.choice(own, 15), generator.integers(5, 30, 15))
    load = generator.normal(size=(len(labels), 1))  # how hard it works shifts all bands alike
    return states[labels] + 0.5 * load + 0.4 * generator.normal(size=(len(labels), BANDS)), labels


def main():
    """Learn from labelled machines, then watch a new one."""
    generator = np.random.default_rng(0)
    states = generator.normal(size=(30, BANDS))
    logs = [log_file(states[:20], generator) for _ in range(40)]
    model = uisrnn.UISRNN(uisrnn.ModelArguments("plda", observation_dim=BANDS, crp_alpha=None, seed=0, verbosity=1))
    arguments = uisrnn.TrainingArguments(enforce_cluster_id_uniqueness=False)  # a state is the same in all machines
    model.fit([x for x, _ in logs], [labels for _, labels in logs], arguments)

    x, labels = log_file(states[20:], generator)
    stream = model.stream(uisrnn.InferenceArguments(commit_lag=10))
    found = []
    for minute, one in enumerate(x):
        for began, state in stream.push(one).final.items():
            if state not in found:
                print(f"minute {minute:3}: state {state} is new, it began in minute {began}")
            found.append(state)
    found += stream.flush().final.values()

    print(f"states: {len(set(labels.tolist()))} there were, {len(set(found))} were found")
    print(f"minutes labelled rightly: {uisrnn.compute_sequence_match_accuracy(labels, found):.1%}")


if __name__ == "__main__":
    main()
