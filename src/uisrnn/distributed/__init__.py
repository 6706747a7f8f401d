"""Work on several processes and machines by Ray: the only package that imports Ray, and only when it is used."""

from uisrnn.distributed.cluster import connect
from uisrnn.distributed.prediction import Prediction, predict
from uisrnn.distributed.training import train
from uisrnn.distributed.trials import RayTrials

__all__ = ["Prediction", "RayTrials", "connect", "predict", "train"]
