"""Makes sample.npz from the recording; see README.md."""

import sys
from pathlib import Path

import numpy as np

import uisrnn
from uisrnn.audio import ResemblyzerEncoder


def record(audio: Path, target: Path) -> None:
    arrays = {}
    for window in (0.8, 1.6):
        found = uisrnn.audio.embed(audio, ResemblyzerEncoder(window))
        arrays[f"{window}/observations"], arrays[f"{window}/times"] = found.observations, found.times
        arrays[f"{window}/window"], arrays["speech"] = found.info["window"], np.array(found.info["speech"])
    np.savez_compressed(target, **arrays)


if __name__ == "__main__":
    record(*map(Path, sys.argv[1:]))
