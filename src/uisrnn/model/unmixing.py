"""A single voice from a window with two voices: neighbouring windows overlap, so windows at a change are mixtures."""

import torch
from torch import Tensor, nn
from torch.nn import functional

HIDDEN = 16


class Unmixing(nn.Module):
    """Two views of an observation, each a weighted sum of the observation and the observations before it.

        u_t = z_t + sum_r a_r(cosines of z_{t-c} .. z_t) z_{t-r},  r = 0 .. c

    The first view is for an observation that continues a block. The second view is for an observation that starts a
    block: then the observations before it belong to another cluster, and so does the part that they have in common
    with it. The weights a come from a small network. Its output layer begins at zero, so both views begin as z_t. The
    network sees only cosines, so it cannot learn particular clusters.

    Args:
        context: c, from 1.
    """

    earlier_of_pair: Tensor
    later_of_pair: Tensor

    def __init__(self, context: int) -> None:
        super().__init__()
        self.context = context
        taps = context + 1
        earlier, later = torch.triu_indices(taps, taps, 1)
        self.register_buffer("earlier_of_pair", earlier, persistent=False)
        self.register_buffer("later_of_pair", later, persistent=False)
        self.inner = nn.Linear(len(earlier) + context, HIDDEN)
        self.weights = nn.Linear(HIDDEN, 2 * taps)
        nn.init.zeros_(self.weights.weight)
        nn.init.zeros_(self.weights.bias)

    def forward(self, z: Tensor, earlier: int) -> Tensor:
        """Views of all but the first `earlier` vectors: (earlier + n, F) -> (n, 2, F)."""
        missing = max(self.context - earlier, 0)
        unused = max(earlier - self.context, 0)
        padded = functional.pad(z[unused:], (0, 0, missing, 0))
        there = functional.pad(z.new_ones(len(z) - unused), (missing, 0))
        taps = self.context + 1
        if len(padded) < taps:
            return z.new_zeros(0, 2, z.shape[1])
        windows = padded.unfold(0, taps, 1).transpose(1, 2)  # (n, taps, F), the observation itself last
        present = there.unfold(0, taps, 1)
        unit = functional.normalize(windows, dim=2)
        cosines = (unit @ unit.transpose(1, 2))[:, self.earlier_of_pair, self.later_of_pair]
        hidden = functional.relu(self.inner(torch.cat([cosines, present[:, :-1]], dim=1)))
        weights = self.weights(hidden).unflatten(1, (2, taps)) * present[:, None]
        views: Tensor = windows[:, None, -1] + weights @ windows
        return views
