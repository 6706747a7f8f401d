"""Supervised online clustering of sequences with an unbounded number of clusters (UIS-RNN, arXiv:1810.04719)."""

from typing import TYPE_CHECKING, Any

from uisrnn import loss_func as loss_func
from uisrnn import utils as utils
from uisrnn.arguments import (
    InferenceArguments,
    ModelArguments,
    TrainingArguments,
    parse_arguments,
    recommended_arguments,
)
from uisrnn.audio.diarization import diarize
from uisrnn.corpus.dataset import Dataset
from uisrnn.decoding.hypotheses import Scores
from uisrnn.decoding.stream import Stream, StreamPool
from uisrnn.decoding.updates import Update
from uisrnn.errors import (
    ArgumentError,
    CheckpointError,
    ClusterError,
    InputError,
    InputTypeError,
    MissingExtraError,
    NotFittedError,
    StreamError,
    TrainingError,
    UISRNNError,
)
from uisrnn.evals import Comparison, Evaluation, compare, compute_sequence_match_accuracy, evaluate, output_result
from uisrnn.formats import iterate_sequences, load_sequences, save_sequences
from uisrnn.model.assignment import estimate_crp_alpha
from uisrnn.model.conventions import PAPER, V0, Conventions
from uisrnn.model.transition import estimate_transition_bias
from uisrnn.pretrained import load_pretrained
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.simulation.simulation import simulate
from uisrnn.training.checkpoints import Checkpoints
from uisrnn.training.history import History
from uisrnn.training.team import ProcessGroup
from uisrnn.training.tensorboard import TensorBoard
from uisrnn.tuning.tune import Tuning, tune
from uisrnn.turns.rttm import read as read_rttm
from uisrnn.turns.rttm import write as write_rttm
from uisrnn.turns.segmentation import to_turns
from uisrnn.turns.turn import Turn, to_annotation
from uisrnn.turns.turn_labels import label_by_turns
from uisrnn.uisrnn import UISRNN, parallel_predict

if TYPE_CHECKING:
    from uisrnn.estimator import UISRNNClusterer as UISRNNClusterer

__all__ = [
    "PAPER",
    "UISRNN",
    "V0",
    "ArgumentError",
    "CheckpointError",
    "Checkpoints",
    "ClusterError",
    "Comparison",
    "Conventions",
    "Dataset",
    "Evaluation",
    "History",
    "InferenceArguments",
    "InputError",
    "InputTypeError",
    "LabeledSequence",
    "MissingExtraError",
    "ModelArguments",
    "NotFittedError",
    "ProcessGroup",
    "Scores",
    "Stream",
    "StreamError",
    "StreamPool",
    "TensorBoard",
    "TrainingArguments",
    "TrainingError",
    "Tuning",
    "Turn",
    "UISRNNError",
    "Update",
    "compare",
    "compute_sequence_match_accuracy",
    "diarize",
    "estimate_crp_alpha",
    "estimate_transition_bias",
    "evaluate",
    "iterate_sequences",
    "label_by_turns",
    "load_pretrained",
    "load_sequences",
    "output_result",
    "parallel_predict",
    "parse_arguments",
    "read_rttm",
    "recommended_arguments",
    "save_sequences",
    "simulate",
    "to_annotation",
    "to_turns",
    "tune",
    "write_rttm",
]


def __getattr__(name: str) -> Any:
    """Import the estimator when it is used, because it needs the optional package scikit-learn."""
    if name == "UISRNNClusterer":
        from uisrnn.estimator import UISRNNClusterer

        return UISRNNClusterer
    raise AttributeError(f"module 'uisrnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), "UISRNNClusterer"])
