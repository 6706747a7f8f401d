"""A stream as bytes: safetensors with a JSON header, nothing that could run.

Bytes may come from anywhere, and compiled loops check no bounds. So this module checks all that the loops rely on.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uisrnn.arguments import InferenceArguments
from uisrnn.checkpoint import container
from uisrnn.compiled import Integers
from uisrnn.decoding.beams import replant
from uisrnn.decoding.decoder import Enrolled, states_like
from uisrnn.decoding.labelings import CLUSTER, LABELING
from uisrnn.decoding.tracks import Tracks
from uisrnn.decoding.updates import Track
from uisrnn.errors import CheckpointError
from uisrnn.model.groups import PRESENT
from uisrnn.sequences.labels import Names

FORMAT_VERSION = 4
_KEY = "uisrnn_stream"
_STATE = "state"
_KNOWN = "known"
_LABELING = LABELING.names or ()
_CLUSTER = CLUSTER.names or ()


def save(tracks: Tracks[Any], track: Track, fingerprint: str) -> bytes:
    """The bytes of a stream.

    Args:
        tracks: the streams of its search state.
        track: the stream.
        fingerprint: the fingerprint of the model.
    """
    search = tracks.decoder.search
    state = tracks.state
    slot = track.slot
    labelings, clusters = state.beams.of_slot(slot)
    clusters = clusters[:, : int(labelings["clusters"].max(initial=0))].copy()
    clusters[np.arange(clusters.shape[1]) >= labelings["clusters"][:, None]] = 0
    rows = clusters["row"]
    # numbered by first appearance, so that equal streams have equal bytes
    own = list(dict.fromkeys(rows[rows >= state.pool.shared].tolist()))
    numbers = {row: state.pool.shared + number for number, row in enumerate(own)}
    clusters["row"] = np.array([numbers.get(row, row) for row in rows.flat], dtype=np.int32).reshape(rows.shape)
    labels = [search.labels(state, slot, beam) for beam in range(len(labelings))]
    arrays: dict[str, NDArray[Any]] = {
        **{name: labelings[name] for name in _LABELING},
        **{name: clusters[name] for name in _CLUSTER},
        "labels": np.stack(labels),
        "fresh": track.unreported_codes,
        "told": track.reported,
        "preview": track.preview[1],
    }
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
    tensors |= {"pending": track.pending, "recent": track.recent, "joins": torch.from_numpy(track.joins.copy())}
    states = state.pool.states(np.array(own, dtype=np.int64))
    tensors |= container.named(_STATE, states.tensors())
    if search.known is not None:
        tensors |= container.named(_KNOWN, search.known.tensors())
    header = {
        "format_version": FORMAT_VERSION,
        "fingerprint": fingerprint,
        "arguments": dataclasses.asdict(tracks.decoder.args),
        "names": list(tracks.decoder.names.known),
        "taken": track.taken,
        "final": track.final,
        "preview_beam": track.preview[0],
    }
    return container.pack(tensors, _KEY, header)


def parse(content: bytes, fingerprint: str) -> "Snapshot":
    """Read the bytes of a stream.

    Args:
        content: the bytes.
        fingerprint: the fingerprint of the model that is to continue the stream.

    Raises:
        CheckpointError: the bytes are not a whole snapshot, or the snapshot is of a stream of another model.
    """
    try:
        tensors, header = container.unpack(
            bytes(content),
            _KEY,
            "snapshot of a stream",
            foreign="not a whole snapshot of a stream, but other safetensors",
        )
        version = header["format_version"]
        model = header["fingerprint"]
        if version != FORMAT_VERSION:
            raise CheckpointError(f"snapshot version {version!r} is not known here (this is {FORMAT_VERSION})")
        if model != fingerprint:
            raise CheckpointError("the snapshot is of a stream of another model")
        names = tuple(header["names"])
        plain = all(isinstance(name, (str, int)) and not isinstance(name, bool) for name in names)
        if not plain or len(set(names)) < len(names):
            raise ValueError(f"names must be distinct strings or integers, but are {names}")
        return Snapshot(
            args=InferenceArguments(**header["arguments"]),
            enrolled=Enrolled(Names(names), container.part(_KNOWN, tensors)),
            taken=_count(header["taken"]),
            final=_count(header["final"]),
            preview_beam=_count(header["preview_beam"]),
            tensors={name: tensor for name, tensor in tensors.items() if not name.startswith(f"{_KNOWN}.")},
        )
    except CheckpointError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"not a whole snapshot of a stream: {error}") from error


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**62:
        raise ValueError(f"a count must be an integer >= 0, but is {value!r}")
    return value


@dataclass(frozen=True)
class Snapshot:
    """A stream that is on no search state.

    Attributes:
        args: the arguments with which it decodes.
        enrolled: its known clusters.
        taken: number of observations up to the last cut.
        final: number of final labels.
        preview_beam: the beam that the best beam after the pending observations continues.
        tensors: beams, labels that are not final, cluster states, features of pending observations,
            the last observations.
    """

    args: InferenceArguments
    enrolled: Enrolled
    taken: int
    final: int
    preview_beam: int
    tensors: dict[str, Tensor]

    def into(self, tracks: Tracks[Any]) -> Track:
        """Put it on a search state.

        Args:
            tracks: the streams of a search state of the same model.

        Raises:
            CheckpointError: the other streams have other arguments or known clusters, or the bytes are damaged.
        """
        decoder = tracks.decoder
        if self.args != decoder.args or not self.enrolled.matches(decoder):
            raise CheckpointError("the snapshot is of a stream with other arguments or known clusters")
        try:
            arrays = self._checked(tracks)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise CheckpointError(f"the snapshot is damaged: {error}") from error
        return self._restored(tracks, arrays)

    def _restored(self, tracks: Tracks[Any], arrays: dict[str, NDArray[Any]]) -> Track:
        state = tracks.state
        model = tracks.decoder.search.joint.observation
        states = states_like(model, container.part(_STATE, self.tensors))
        track = tracks.open()
        state.pool.reserve(len(states))
        number, clusters = arrays["row"].shape
        state.beams = state.beams.with_room(0, clusters)
        state.tree = state.tree.with_room(arrays["labels"].size)
        state.beams.number[track.slot] = number
        labelings, columns = state.beams.of_slot(track.slot)
        for name in _LABELING:
            labelings[name] = arrays[name]
        for name in _CLUSTER:
            columns[name][:, :clusters] = arrays[name]
        new = replant(state.beams, track.slot, arrays["labels"], len(states), state.tree, state.pool.index)
        state.pool.restore(new, states)
        track.taken = self.taken
        track.final = self.final
        track.pending, track.recent = (self.tensors[name].to(model.device) for name in ("pending", "recent"))
        track.joins = arrays["joins"]
        track.unreported = [arrays["fresh"]]
        track.reported = arrays["told"]
        track.preview = (self.preview_beam, arrays["preview"])
        return track

    def _checked(self, tracks: Tracks[Any]) -> dict[str, NDArray[Any]]:
        """The arrays. Raises ValueError if the compiled loops cannot rely on them."""
        search = tracks.decoder.search
        pool = tracks.state.pool
        model = search.joint.observation
        states = states_like(model, container.part(_STATE, self.tensors))
        nothing = torch.zeros(0, model.observation_dim, dtype=model.dtype, device=model.device)
        number, clusters = self.tensors["row"].shape
        pending = len(self.tensors["pending"])
        tail = self.taken - self.final
        recent = min(self.taken + pending, model.context)
        _require(1 <= number <= search.beam_size, f"there are {number} beams")
        _require(pending < search.look_ahead and tail >= 0, f"{pending} observations are pending, {tail} not final")
        layout: dict[str, tuple[torch.dtype, tuple[int, ...]]] = {
            **{name: (_torch_type(LABELING, name), (number,)) for name in _LABELING},
            **{name: (_torch_type(CLUSTER, name), (number, clusters)) for name in _CLUSTER},
            "labels": (torch.int32, (number, tail)),
            "preview": (torch.int32, (pending,)),
            "joins": (torch.bool, (pending,)),
            "pending": (model.dtype, (pending, *model.features(nothing).shape[1:])),
            "recent": (model.dtype, (recent, model.observation_dim)),
            **{name: (torch.int32, (len(self.tensors[name]),)) for name in ("fresh", "told")},
        }
        for name, (dtype, shape) in layout.items():
            tensor = self.tensors[name]
            fits = tensor.dtype == dtype and tuple(tensor.shape) == shape
            _require(fits, f"{name} is {tensor.dtype} {tuple(tensor.shape)}")
            _require(bool(torch.isfinite(tensor).all()), f"{name} has NaN or infinity")
        arrays = {name: self.tensors[name].numpy() for name in layout if name not in ("pending", "recent")}
        known = arrays["clusters"]
        mark = arrays["mark"]
        used = np.arange(clusters) < known[:, None]
        _require(bool(((known >= pool.shared - 1) & (known <= clusters)).all()), "clusters are out of range")
        present = (mark & PRESENT > 0).sum(axis=1)
        _require(_within(mark[used], 0, 4) and not mark[~used].any(), "marks are out of range")
        _require(bool(((present == present[0]) & ((present > 0) == (self.taken > 0))).all()), "marks are out of range")
        _require(_within(arrays["row"][used], 1, pool.shared + len(states)), "rows are out of range")
        _require(
            _within(arrays["count"][used], 1, 2**30),
            "block counts are out of range",
        )
        for name in ("stays", "changes"):
            _require(_within(arrays[name], 0, max(self.taken, 1)), f"{name} are out of range")
        for name in ("labels", "fresh", "told", "preview"):
            _require(_within(arrays[name], 0, clusters + search.look_ahead), f"{name} are out of range")
        _require(self.preview_beam < number and len(arrays["fresh"]) <= self.final, "counts are out of range")
        _require(len(arrays["told"]) <= len(arrays["fresh"]) + tail + pending, "counts are out of range")
        return arrays


def _torch_type(record: np.dtype[Any], name: str) -> torch.dtype:
    return torch.from_numpy(np.empty(0, dtype=record[name])).dtype


def _within(array: Integers, least: int, after: int) -> bool:
    return bool(((array >= least) & (array < after)).all())


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise ValueError(problem)
