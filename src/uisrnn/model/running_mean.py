"""How a cluster's prediction follows from its network outputs m_0 .. m_n.

m_0 is the output for the zero input, m_n that after the cluster's n-th observation.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class RunningMean(Protocol):
    """The prediction for a cluster's next observation, kept step by step or computed for whole sequences."""

    def update(self, mean: Tensor, count: Tensor, output: Tensor) -> Tensor:
        """The prediction after one more observation.

        Args:
            mean: (rows, D) the prediction so far.
            count: (rows,) n, observations of the cluster with the new one, at least 1.
            output: (rows, D) m_n.

        Returns:
            (rows, D)
        """

    def over_time(self, outputs: Tensor) -> Tensor:
        """All predictions of whole sequences.

        Args:
            outputs: (time, batch, D) m_0, m_1, ...

        Returns:
            (time, batch, D), at time n the prediction for observation n + 1.
        """


def _cumulative_mean(outputs: Tensor) -> Tensor:
    counts = torch.arange(1, len(outputs) + 1, dtype=outputs.dtype, device=outputs.device)
    return outputs.cumsum(0) / counts[:, None, None]


@dataclass(frozen=True)
class PaperMean:
    """The paper's: mu = (m_0 + ... + m_n) / (n + 1)."""

    def update(self, mean: Tensor, count: Tensor, output: Tensor) -> Tensor:
        """mu_n = mu_{n-1} + (m_n - mu_{n-1}) / (n + 1)."""
        return mean + (output - mean) / (count + 1).to(mean.dtype)[:, None]

    def over_time(self, outputs: Tensor) -> Tensor:
        """Cumulative means of all outputs."""
        return _cumulative_mean(outputs)


@dataclass(frozen=True)
class V0Mean:
    """What 0.1.2 decodes with: m_0 for a new cluster, m_1 after one observation, then (m_2 + ... + m_n) / (n - 1)."""

    def update(self, mean: Tensor, count: Tensor, output: Tensor) -> Tensor:
        """mu_n = ((n - 2) mu_{n-1} + m_n) / (n - 1), which at n = 2 forgets m_1; mu_1 = m_1."""
        kept = (count - 2).clamp(min=0).to(mean.dtype)[:, None]
        return (mean * kept + output) / (kept + 1)

    def over_time(self, outputs: Tensor) -> Tensor:
        """The first two outputs, then cumulative means of the others."""
        return torch.cat([outputs[:2], _cumulative_mean(outputs[2:])]) if len(outputs) > 2 else outputs
