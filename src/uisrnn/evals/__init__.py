"""How good labels are: figures of files and totals, two systems compared, and the functions of 0.1.2."""

from uisrnn.evals.accuracy import compute_sequence_match_accuracy, get_list_inverse_index
from uisrnn.evals.comparison import Comparison, compare
from uisrnn.evals.evaluation import Evaluation, Row
from uisrnn.evals.metrics import METRICS
from uisrnn.evals.scoring import evaluate
from uisrnn.evals.text_block import output_result

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
