"""Pictures of recordings, observations, training and prediction, on matplotlib Axes."""

from uisrnn.plots.confidence import plot_confidence
from uisrnn.plots.curves import plot_history
from uisrnn.plots.embedding import plot_embedding
from uisrnn.plots.similarity import plot_similarity
from uisrnn.plots.timeline import plot_timeline

__all__ = ["plot_confidence", "plot_embedding", "plot_history", "plot_similarity", "plot_timeline"]
