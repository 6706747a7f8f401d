"""How good labels are: figures of files and of all of them, two systems compared, and what 0.1.2 had."""

from uisrnn.evals.accuracy import compute_sequence_match_accuracy, get_list_inverse_index
from uisrnn.evals.block import output_result
from uisrnn.evals.comparison import Comparison, compare
from uisrnn.evals.evaluation import Evaluation, Row
from uisrnn.evals.metrics import METRICS
from uisrnn.evals.scoring import evaluate

__all__ = [
    "METRICS",
    "Comparison",
    "Evaluation",
    "Row",
    "compare",
    "compute_sequence_match_accuracy",
    "evaluate",
    "get_list_inverse_index",
    "output_result",
]
