"""The prediction of a cluster from its network outputs m_0 .. m_n.

m_0 is the output for the zero input, m_n the output after the n-th observation of the cluster.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class RunningMean:
    """mu_n = (m_s + ... + m_n) / (n + 1 - s), the prediction for observation n + 1; before n = s, mu_n = m_n.

    Attributes:
        skipped: s. The paper has 0. 0.1.2 decodes with 2: m_0 for a new cluster, m_1 after one observation, and
            no later mean contains them.
    """

    skipped: int

    def weight(self, count: Tensor) -> Tensor:
        """The weight w_n of a new output in mu_n = mu_{n-1} + w_n (m_n - mu_{n-1}): 1 / max(n + 1 - s, 1).

        Args:
            count: n >= 1, number of observations of the cluster with the new observation, as floating point numbers.
        """
        return (count + (1 - self.skipped)).clamp_(min=1).reciprocal_()

    def over_time(self, outputs: Tensor) -> Tensor:
        """All predictions of whole sequences.

        Args:
            outputs: (time, batch, D) m_0, m_1, ...

        Returns:
            (time, batch, D), at time n the prediction for observation n + 1.
        """
        averaged = outputs[self.skipped :]
        counts = torch.arange(1, len(averaged) + 1, dtype=outputs.dtype, device=outputs.device)
        return torch.cat([outputs[: self.skipped], averaged.cumsum(0) / counts[:, None, None]])


PAPER_MEAN = RunningMean(skipped=0)
V0_MEAN = RunningMean(skipped=2)
