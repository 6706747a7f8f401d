"""The helper functions of 0.1.2 under their names and signatures, for scripts that call them.

Nothing in this library uses these functions. A function that draws random numbers takes a further argument, a seed.
Without a seed it draws from torch's global generator, like a model without a seed.
"""

import string
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_sequence

from uisrnn.corpus.clusters import Clusters
from uisrnn.corpus.corpus import Corpus
from uisrnn.errors import InputError, InputTypeError
from uisrnn.evals import output_result
from uisrnn.model.transition import estimate_transition_bias
from uisrnn.randomness import generator_from
from uisrnn.sequences.coded import CodedSequence
from uisrnn.sequences.labels import runs

__all__ = [
    "concatenate_training_data",
    "enforce_cluster_id_uniqueness",
    "estimate_transition_bias",
    "generate_random_string",
    "output_result",
    "pack_sequence",
    "resize_sequence",
    "sample_permuted_segments",
]

_CHARACTERS = string.ascii_uppercase + string.digits


def generate_random_string(length: int = 6, seed: int | None = None) -> str:
    """A random string of upper case letters and digits.

    Args:
        length: number of characters.
        seed: seed of the random string.

    >>> len(generate_random_string(8))
    8
    """
    return "".join(generator_from(seed).choice(list(_CHARACTERS), length))


def enforce_cluster_id_uniqueness(cluster_ids: Any, seed: int | None = None) -> list[list[str]]:
    """Put a random string before the labels of each sequence, so that no two sequences share a label.

    Args:
        cluster_ids: a list of lists or arrays of labels.
        seed: seed of the random strings.

    Returns:
        New lists of labels of the form "string_label".

    Raises:
        InputTypeError: `cluster_ids` is not a list, or an element is neither a list nor an array.
    """
    if not isinstance(cluster_ids, list):
        raise InputTypeError(f"cluster_ids must be a list, but is {type(cluster_ids).__name__}")
    generator = generator_from(seed)
    prefixes: set[str] = set()
    while len(prefixes) < len(cluster_ids):
        prefixes.add(generate_random_string(seed=int(generator.integers(2**62))))
    pairs = zip(sorted(prefixes), map(_label_list, cluster_ids), strict=True)
    return [[f"{prefix}_{label}" for label in labels] for prefix, labels in pairs]


def _label_list(labels: Any) -> list[Any]:
    if not isinstance(labels, (list, np.ndarray)):
        raise InputTypeError(f"each element of cluster_ids must be a list or an array, but is {type(labels).__name__}")
    plain: list[Any] = labels.tolist() if isinstance(labels, np.ndarray) else labels
    return plain


def concatenate_training_data(
    train_sequences: Any,
    train_cluster_ids: Any,
    enforce_uniqueness: bool = True,
    shuffle: bool = True,
    seed: int | None = None,
) -> tuple[NDArray[Any], list[Any]]:
    """Concatenate sequences and their labels.

    Args:
        train_sequences: a list of (T, D) arrays.
        train_cluster_ids: a list of lists or arrays of T labels, with an entry for each sequence.
        enforce_uniqueness: whether equal labels of two sequences become different.
        shuffle: whether the order of the sequences is random.
        seed: seed of all random numbers.

    Returns:
        (N, D) observations, and a list of N labels.

    Raises:
        InputTypeError: an argument is not a list.
        InputError: lengths or dimensions do not fit.
    """
    if not isinstance(train_sequences, list) or not isinstance(train_cluster_ids, list):
        raise InputTypeError("train_sequences and train_cluster_ids must be lists")
    if len(train_sequences) != len(train_cluster_ids):
        raise InputError(f"{len(train_sequences)} sequences need as many label lists, not {len(train_cluster_ids)}")
    labels = [_label_list(cluster_id) for cluster_id in train_cluster_ids]
    for number, (sequence, ids) in enumerate(zip(train_sequences, labels, strict=True)):
        if sequence.ndim != 2 or sequence.shape[1] != train_sequences[0].shape[1]:
            raise InputError(f"sequence {number}: must be (T, {train_sequences[0].shape[1]}), but is {sequence.shape}")
        if len(sequence) != len(ids):
            raise InputError(f"sequence {number}: {len(sequence)} observations need as many labels, not {len(ids)}")
    generator = generator_from(seed)
    if enforce_uniqueness:
        labels = enforce_cluster_id_uniqueness(labels, int(generator.integers(2**62)))
    order = generator.permutation(len(labels)) if shuffle else range(len(labels))
    return np.concatenate([train_sequences[i] for i in order]), [label for i in order for label in labels[i]]


def sample_permuted_segments(
    index_sequence: Sequence[int] | NDArray[np.int64], number_samples: int, seed: int | None = None
) -> list[NDArray[np.int64]]:
    """Shuffle the runs of consecutive indexes, several times; the order within each run is kept.

    Args:
        index_sequence: indexes in increasing order.
        number_samples: number of shuffled copies.
        seed: seed of the shuffles.

    >>> [sorted(sample.tolist()) for sample in sample_permuted_segments([1, 2, 6], 2)]
    [[1, 2, 6], [1, 2, 6]]
    """
    blocks = runs(np.asarray(index_sequence))
    generator = generator_from(seed)
    return [np.concatenate([blocks[i] for i in generator.permutation(len(blocks))]) for _ in range(number_samples)]


def resize_sequence(
    sequence: NDArray[Any], cluster_id: Any, num_permutations: int | None = None, seed: int | None = None
) -> tuple[list[NDArray[Any]], list[int]]:
    """The observations of each cluster, in their order or in several permutations of its blocks.

    Args:
        sequence: (N, D).
        cluster_id: N labels.
        num_permutations: number of permutations of each cluster; None, 0 or 1: the order of the data.
        seed: seed of the permutations.

    Returns:
        Arrays of observations, cluster by cluster, and the length of each array plus 1.

    Raises:
        InputError: the numbers of labels and of observations differ.
    """
    labels = np.asarray(cluster_id)
    if labels.shape != (len(sequence),):
        raise InputError(f"{len(sequence)} observations need as many labels, but they are {labels.shape}")
    _names, codes = np.unique(labels, return_inverse=True)
    clusters = Clusters.of(Corpus.of([CodedSequence(sequence, codes)]), unique=False)
    orders = [generator_from(seed)] * num_permutations if num_permutations and num_permutations > 1 else [None]
    sub_sequences = [
        clusters.read(clusters.spans(cluster, order)) for cluster in range(len(clusters)) for order in orders
    ]
    return sub_sequences, [len(sub_sequence) + 1 for sub_sequence in sub_sequences]


def pack_sequence(
    sub_sequences: Sequence[NDArray[Any]],
    seq_lengths: Sequence[int],
    batch_size: int | None,
    observation_dim: int,
    device: torch.device | str,
    seed: int | None = None,
) -> tuple[PackedSequence, Tensor]:
    """Pack sequences, each behind a zero observation.

    Args:
        sub_sequences: (T_i, D) arrays.
        seq_lengths: T_i + 1 of each array.
        batch_size: number of sequences that are drawn, with replacement; None: all sequences.
        observation_dim: D.
        device: device of the results.
        seed: seed of the draw.

    Returns:
        The packed inputs, and the padded observations (longest, batch, D) without the zero observations.

    Raises:
        InputError: lengths or dimension do not fit the sequences.
    """
    for number, (sub_sequence, length) in enumerate(zip(sub_sequences, seq_lengths, strict=True)):
        shape = (length - 1, observation_dim)
        if sub_sequence.shape != shape:
            raise InputError(f"sub-sequence {number}: must be {shape}, but is {sub_sequence.shape}")
    drawn = list(sub_sequences)
    if batch_size is not None:
        drawn = [drawn[i] for i in generator_from(seed).integers(len(drawn), size=batch_size)]
    ordered = [torch.tensor(sub_sequence, dtype=torch.float32) for sub_sequence in sorted(drawn, key=len, reverse=True)]
    truth = pad_sequence(ordered).to(device)
    inputs = torch.cat([torch.zeros_like(truth[:1]), truth])
    return pack_padded_sequence(inputs, torch.tensor(list(map(len, ordered))) + 1), truth
