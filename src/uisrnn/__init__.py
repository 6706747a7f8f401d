"""Supervised online clustering of sequences with an unbounded number of clusters (UIS-RNN, arXiv:1810.04719)."""

from uisrnn import loss_func as loss_func
from uisrnn import utils as utils
from uisrnn.arguments import InferenceArguments, ModelArguments, TrainingArguments, parse_arguments
from uisrnn.data.labeled import LabeledSequence
from uisrnn.data.segmentation import to_turns
from uisrnn.data.simulation import simulate
from uisrnn.data.turns import Turn, to_annotation
from uisrnn.decoding.hypotheses import Scores
from uisrnn.decoding.stream import Stream, StreamPool
from uisrnn.decoding.tracks import Update
from uisrnn.errors import (
    ArgumentError,
    CheckpointError,
    InputError,
    InputTypeError,
    MissingExtraError,
    NotFittedError,
    StreamError,
    TrainingError,
    UISRNNError,
)
from uisrnn.estimator import UISRNNClusterer
from uisrnn.evals import compute_sequence_match_accuracy, output_result
from uisrnn.model.assignment import estimate_crp_alpha
from uisrnn.model.conventions import PAPER, V0, Conventions
from uisrnn.model.transition import estimate_transition_bias
from uisrnn.pretrained import load_pretrained
from uisrnn.training.history import History
from uisrnn.tuning.tune import Tuning, tune
from uisrnn.uisrnn import UISRNN, parallel_predict

__all__ = [
    "PAPER",
    "UISRNN",
    "V0",
    "ArgumentError",
    "CheckpointError",
    "Conventions",
    "History",
    "InferenceArguments",
    "InputError",
    "InputTypeError",
    "LabeledSequence",
    "MissingExtraError",
    "ModelArguments",
    "NotFittedError",
    "Scores",
    "Stream",
    "StreamError",
    "StreamPool",
    "TrainingArguments",
    "TrainingError",
    "Tuning",
    "Turn",
    "UISRNNClusterer",
    "UISRNNError",
    "Update",
    "compute_sequence_match_accuracy",
    "estimate_crp_alpha",
    "estimate_transition_bias",
    "load_pretrained",
    "output_result",
    "parallel_predict",
    "parse_arguments",
    "simulate",
    "to_annotation",
    "to_turns",
    "tune",
]
