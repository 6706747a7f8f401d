"""Labels while the observations come: streams that live as long as the conversation."""

import dataclasses
import weakref
from collections import deque
from collections.abc import Hashable, Mapping
from threading import RLock
from typing import Any, NoReturn, Protocol

import numpy as np
from torch import Tensor

from uisrnn.arguments import InferenceArguments
from uisrnn.compiled import Flags
from uisrnn.decoding import snapshot as snapshots
from uisrnn.decoding.decoder import Decoder
from uisrnn.decoding.tracks import Pushed, Track, Tracks, Update
from uisrnn.errors import ArgumentError, CheckpointError, InputError, InputTypeError, StreamError
from uisrnn.model.groups import no_joins
from uisrnn.sequences import observations as data
from uisrnn.sequences.joins import checked_joins


class StreamingModel(Protocol):
    """What streams need of a model; `UISRNN` is one."""

    def decoder(self, args: object = None, clusters: Any = None) -> Decoder[Any]:
        """A beam search with names."""

    def fingerprint(self) -> str:
        """A text that only models have in common which give the same labels."""


class Stream:
    """Labels one sequence of observations while it comes; made by `UISRNN.stream` or `StreamPool.stream`.

    >>> import numpy as np, uisrnn
    >>> model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=2, rnn_hidden_size=8, seed=1))
    >>> x = np.array([[0, 0], [0, 0], [1, 1], [1, 1], [0, 0], [1, 1]])
    >>> args = uisrnn.TrainingArguments(train_iteration=200, learning_rate=0.02)
    >>> history = model.fit([x] * 4, [list("aabbab")] * 4, args)
    >>> stream = model.stream(uisrnn.InferenceArguments(commit_lag=1))
    >>> stream.push(x[:3])
    Update(labels=[0, 0, 1], final={0: 0, 1: 0}, changed={})
    >>> stream.push(x[3]).label
    1
    >>> stream.flush().final
    {3: 1}
    """

    def __init__(self, pool: "StreamPool", track: Track) -> None:
        self._pool, self._track, self._ended = pool, track, False
        self._finalizer = weakref.finalize(self, pool._abandoned.append, track)

    @staticmethod
    def of(model: StreamingModel, inference_args: object = None, clusters: Any = None) -> "Stream":
        """A new stream by itself; see `UISRNN.stream`."""
        return StreamPool(model, inference_args, clusters).stream()

    @staticmethod
    def restore(model: StreamingModel, snapshot: bytes) -> "Stream":
        """Go on where a stream was, in another process or on another machine.

        Args:
            model: the same model, for example loaded from the same file.
            snapshot: what `snapshot` returned.

        Raises:
            CheckpointError: the bytes are damaged, or of a stream of another model.
        """
        found = snapshots.parse(snapshot, model.fingerprint())
        try:
            pool = StreamPool(model, found.args, found.enrolled)
        except (ValueError, TypeError, MemoryError) as error:
            raise CheckpointError(f"the snapshot is damaged: {error}") from error
        return pool._new(found.into(pool._tracks))

    @property
    def observations(self) -> int:
        """How many observations it has taken."""
        with self._pool._lock:
            return self._track.observations

    @property
    def args(self) -> InferenceArguments:
        """How it decodes."""
        return self._pool.args

    def __reduce__(self) -> NoReturn:
        raise StreamError("a stream cannot be copied or pickled; use snapshot() and Stream.restore()")

    def push(self, observations: Any, joins: Any = None) -> Update:
        """Take the next observations.

        Args:
            observations: one (D,) or a block of them (n, D); how they are cut into blocks does not matter.
            joins: (n,) booleans: whether each observation is at the time of the observation before it, which may be
                the last observation of an earlier block. Observations of one time get different labels. None: no
                observation joins.

        Returns:
            What is known now.

        Raises:
            InputError, InputTypeError: wrong shape or dimension, NaN or infinity, the first observation of the stream
                joins, or more observations have one time than labels are possible; the stream is as before. Also an
                observation that cannot be taken, because it is so far off that no score is finite or because
                `look_ahead` leaves too many label sequences to compare; those before it are taken, and the next
                update tells of them.
            StreamError: the stream was flushed.
        """
        return self._pool.push({self: observations}, None if joins is None else {self: joins})[self]

    def flush(self) -> Update:
        """End the stream: all labels that are not final yet become those of the best beam.

        Raises:
            StreamError: the stream was flushed before.
        """
        return self._pool.flush(self)

    def snapshot(self) -> bytes:
        """All that `restore` needs: tensors and JSON, nothing that could run.

        Raises:
            StreamError: the stream was flushed.
        """
        return self._pool.snapshot(self)


class StreamPool:
    """Many streams of one model, stepped together in one call; several threads may use it.

    Args:
        model: the model; it must not be trained meanwhile.
        inference_args: `InferenceArguments`, any object with those attributes, or None for all defaults.
        clusters: known clusters of all streams, see `UISRNN.predict`.

    Raises:
        ArgumentError, InputError, InputTypeError, NotFittedError: as `UISRNN.stream` does.

    >>> import numpy as np, uisrnn
    >>> model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=2, rnn_hidden_size=8, seed=1))
    >>> x = np.array([[0, 0], [0, 0], [1, 1], [1, 1], [0, 0], [1, 1]])
    >>> args = uisrnn.TrainingArguments(train_iteration=200, learning_rate=0.02)
    >>> history = model.fit([x] * 4, [list("aabbab")] * 4, args)
    >>> pool = uisrnn.StreamPool(model)
    >>> updates = pool.push({"room 1": x[:4], "room 2": x[2:]})
    >>> updates["room 1"].labels, updates["room 2"].labels
    ([0, 0, 1, 1], [0, 0, 1, 0])
    """

    def __init__(self, model: StreamingModel, inference_args: object = None, clusters: Any = None) -> None:
        self._fingerprint = model.fingerprint()
        self._tracks = Tracks(_streaming(model.decoder(inference_args, clusters)))
        self._streams: dict[Hashable, Stream] = {}
        self._abandoned: deque[Track] = deque()
        self._lock = RLock()

    @property
    def args(self) -> InferenceArguments:
        """How its streams decode."""
        return dataclasses.replace(self._tracks.decoder.args)

    @property
    def names(self) -> list[Hashable]:
        """Names of the streams that were started and not flushed."""
        return list(self._streams)

    def stream(self, name: Hashable = None) -> Stream:
        """The stream with a name, a new one where there is none; without a name, always a new one."""
        with self._lock:
            if name is not None:
                _require_name(name)
                if name in self._streams:
                    return self._streams[name]
            stream = self._new(self._tracks.open())
            if name is not None:
                self._streams[name] = stream
            return stream

    def _new(self, track: Track) -> Stream:
        """A stream that gives its slot back, at some later call, when nobody has it any more."""
        while self._abandoned:
            self._tracks.close(self._abandoned.popleft())
        return Stream(self, track)

    def restore(self, name: Hashable, snapshot: bytes) -> Stream:
        """Go on where a stream was, here and under a name.

        Args:
            name: it must not be in use.
            snapshot: of a stream of the same model, with the same arguments and known clusters.

        Raises:
            CheckpointError: the bytes are damaged, or of a stream of another model or with other arguments.
            StreamError: the name is in use.
        """
        found = snapshots.parse(snapshot, self._fingerprint)
        with self._lock:
            _require_name(name)
            if name in self._streams:
                raise StreamError(f"there is a stream {name!r} already")
            self._streams[name] = self._new(found.into(self._tracks))
            return self._streams[name]

    def push(self, observations: Mapping[Any, Any], joins: Mapping[Any, Any] | None = None) -> dict[Any, Update]:
        """Take the next observations of several streams, in one batched step for each.

        Args:
            observations: for each stream, one observation (D,) or a block of them (n, D). Streams are given by their
                names, of which new ones start new streams, or as the streams themselves.
            joins: for any of these streams, under the same keys, see `Stream.push`; None: no observation joins.

        Returns:
            What is known now, under the same keys.

        Raises:
            InputError, InputTypeError: see `Stream.push`; the message names the stream. Wrong shapes and values are
                found before anything is taken from any stream.
            StreamError: a stream was flushed, or belongs to another pool.
        """
        if not isinstance(observations, Mapping):
            raise InputTypeError(f"push needs a mapping of streams, but it is {type(observations).__name__}")
        with self._lock:
            for key in observations:
                if isinstance(key, Stream):
                    self._existing(key)
                    if any(self._streams.get(name) is key for name in observations if name is not key):
                        raise InputError("a stream is given twice, by its name and as itself")
                else:
                    _require_name(key)
            checked = {key: self._check(key, values) for key, values in observations.items()}
            joining = self._joining(checked, {} if joins is None else joins)
            streams = {key: key if isinstance(key, Stream) else self.stream(key) for key in observations}
            taking = [
                Pushed(stream._track, checked[key], joining[key])
                for key, stream in streams.items()
                if len(checked[key])
            ]
            wrong = self._tracks.take(taking) if taking else {}
            if wrong:
                slots = {one._track.slot: key for key, one in streams.items()}
                raise InputError("; ".join(f"{_where(slots[slot])}: {what}" for slot, what in wrong.items()))
            return {key: self._tracks.update(stream._track) for key, stream in streams.items()}

    def flush(self, key: Any) -> Update:
        """End a stream, given by its name or as itself; its name can be used for a new one. See `Stream.flush`."""
        with self._lock:
            stream = self._existing(key)
            update = self._tracks.finish(stream._track)
            stream._ended = True
            stream._finalizer.detach()
            self._streams = {name: one for name, one in self._streams.items() if one is not stream}
            return update

    def snapshot(self, key: Any) -> bytes:
        """What `Stream.restore` needs to go on with a stream, given by its name or as itself."""
        with self._lock:
            return snapshots.save(self._tracks, self._existing(key)._track, self._fingerprint)

    def _existing(self, key: Any) -> Stream:
        if not isinstance(key, Stream):
            _require_name(key)
            if key not in self._streams:
                raise StreamError(f"there is no stream {key!r}")
            return self._streams[key]
        if key._pool is not self:
            raise StreamError("this stream belongs to another pool; make streams with StreamPool.stream")
        if key._ended:
            raise StreamError("this stream was flushed; start a new one")
        return key

    def _check(self, key: Any, values: Any) -> Tensor:
        """Observations (n, D) as the model takes them."""
        decoder = self._tracks.decoder
        dim = decoder.search.joint.observation.observation_dim
        if data.is_one_observation(values):
            values = [values] if isinstance(values, (list, tuple)) else values[None]
        if isinstance(values, (np.ndarray, Tensor)) and tuple(values.shape) == (0, dim):
            return decoder.tensor(np.zeros((0, dim), dtype=np.float32))
        return decoder.tensor(data.observations(values, dim, _where(key)))

    def _joining(self, checked: Mapping[Any, Tensor], joins: Mapping[Any, Any]) -> dict[Any, Flags]:
        """Which of the observations of each stream join."""
        if not isinstance(joins, Mapping) or not joins.keys() <= checked.keys():
            raise InputError("joins must be a mapping whose keys are the keys of the observations")
        found: dict[Any, Flags] = {}
        for key, x in checked.items():
            stream = key if isinstance(key, Stream) else self._streams.get(key)
            before = 0 if stream is None else stream._track.observations
            given = checked_joins(_as_list(joins.get(key)), len(x), _where(key), may_begin=before > 0)
            found[key] = no_joins(len(x)) if given is None else given
            last_group = 0 if stream is None else self._tracks.last_group(stream._track)
            self._tracks.decoder.require_labels_for_groups(found[key], _where(key), before, last_group)
        return found


def _as_list(joins: Any) -> Any:
    """`joins` of one observation may be one boolean."""
    return [joins] if isinstance(joins, (bool, np.bool_)) else joins


def _require_name(name: Any) -> None:
    usable = isinstance(name, Hashable) and name is not None and not isinstance(name, Stream)
    try:
        usable = usable and name == name and hash(name) is not None  # NaN is no name, nor a tuple with a list in it
    except TypeError:
        usable = False
    if not usable:
        raise InputTypeError(f"a stream's name must be hashable and not None, but is {name!r}")


def _where(key: Any) -> str:
    """The words with which an error message about a stream begins."""
    return "stream" if isinstance(key, Stream) else f"stream {key!r}"


def _streaming(decoder: Decoder[Any]) -> Decoder[Any]:
    """The decoder, if its arguments make sense for sequences whose end is not known."""
    args = decoder.args
    if args.num_clusters is not None:
        raise ArgumentError("num_clusters needs the whole sequence; a stream can have max_clusters")
    if args.commit_lag is not None and args.commit_lag < args.look_ahead - 1:
        raise ArgumentError(
            f"commit_lag must be at least look_ahead - 1 = {args.look_ahead - 1}, but is {args.commit_lag}"
        )
    return decoder
