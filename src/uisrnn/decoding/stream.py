"""Streams: labels while the observations come."""

import dataclasses
import weakref
from collections import deque
from collections.abc import Hashable, Mapping
from threading import RLock
from typing import Any, NoReturn

from torch import Tensor

from uisrnn.arguments import InferenceArguments
from uisrnn.compiled import Flags
from uisrnn.decoding import snapshot as snapshots
from uisrnn.decoding.stream_inputs import StreamingModel, pushed_joins, pushed_observations, require_streaming
from uisrnn.decoding.tracks import Pushed, Tracks
from uisrnn.decoding.updates import Track, Update
from uisrnn.errors import CheckpointError, InputError, InputTypeError, StreamError
from uisrnn.parallel import products_on


class Stream:
    """Labels a sequence of observations while the observations come; made by `UISRNN.stream` or `StreamPool.stream`.

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
        self._pool = pool
        self._track = track
        self._ended = False
        self._finalizer = weakref.finalize(self, pool._abandoned.append, track)

    @staticmethod
    def of(model: StreamingModel, inference_args: object = None, clusters: Any = None) -> "Stream":
        """A new stream in a pool of its own; see `UISRNN.stream`."""
        return StreamPool(model, inference_args, clusters).stream()

    @staticmethod
    def restore(model: StreamingModel, snapshot: bytes) -> "Stream":
        """Continue a stream, perhaps in another process or on another machine.

        Args:
            model: the same model, for example loaded from the same file.
            snapshot: the bytes that `snapshot` returned.

        Raises:
            CheckpointError: the bytes are damaged, or of a stream of another model.
        """
        parsed = snapshots.parse(snapshot, model.fingerprint())
        try:
            pool = StreamPool(model, parsed.args, parsed.enrolled)
        except (ValueError, TypeError, MemoryError) as error:
            raise CheckpointError(f"the snapshot is damaged: {error}") from error
        return pool._new(parsed.into(pool._tracks))

    @property
    def observations(self) -> int:
        """Number of observations that the stream has taken."""
        with self._pool._lock:
            return self._track.observations

    @property
    def args(self) -> InferenceArguments:
        """The arguments with which the stream decodes."""
        return self._pool.args

    def __reduce__(self) -> NoReturn:
        raise StreamError("a stream cannot be copied or pickled; use snapshot() and Stream.restore()")

    def push(self, observations: Any, joins: Any = None) -> Update:
        """Take the next observations.

        Args:
            observations: an observation (D,) or several (n, D). The labels do not depend on how a sequence is cut
                into pushes.
            joins: (n,) booleans: whether each observation is at the time of the observation before it, which may be
                the last observation of the push before. Observations of the same time get different labels.
                None: no observation joins.

        Returns:
            The labels that are new, final or changed.

        Raises:
            InputError, InputTypeError: wrong shape or dimension, NaN or infinity, the first observation of the stream
                joins, or more observations have the same time than labels are possible; the stream is as before.
            InputError: an observation cannot be taken, because it is so far off that no score is finite or because
                `look_ahead` leaves too many label sequences to compare; earlier observations are taken, and the next
                update has their labels.
            StreamError: the stream was flushed.
        """
        return self._pool.push({self: observations}, None if joins is None else {self: joins})[self]

    def flush(self) -> Update:
        """End the stream: all labels become final; they are the labels of the best beam.

        Raises:
            StreamError: the stream was flushed before.
        """
        return self._pool.flush(self)

    def snapshot(self) -> bytes:
        """The stream as bytes, for `restore`: tensors and JSON, nothing that could run.

        Raises:
            StreamError: the stream was flushed.
        """
        return self._pool.snapshot(self)


class StreamPool:
    """Many streams of a model, which take their observations together; several threads may use a pool.

    Args:
        model: the model; it must not be trained while the pool is in use.
        inference_args: `InferenceArguments`, any object with the same attributes, or None for all defaults.
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
        self._tracks = Tracks(require_streaming(model.decoder(inference_args, clusters)))
        self._streams: dict[Hashable, Stream] = {}
        self._abandoned: deque[Track] = deque()
        self._lock = RLock()

    @property
    def args(self) -> InferenceArguments:
        """The arguments with which the streams decode."""
        return dataclasses.replace(self._tracks.decoder.args)

    @property
    def names(self) -> list[Hashable]:
        """Names of the streams that were not flushed."""
        return list(self._streams)

    def stream(self, name: Hashable = None) -> Stream:
        """The stream with a name, or a new stream if no stream has the name; without a name, always a new stream."""
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
        """A stream whose slot is freed, at a later call, after the stream was garbage-collected."""
        while self._abandoned:
            self._tracks.close(self._abandoned.popleft())
        return Stream(self, track)

    def restore(self, name: Hashable, snapshot: bytes) -> Stream:
        """Continue a stream in this pool.

        Args:
            name: the name of the stream, which must not be in use.
            snapshot: a snapshot of a stream of the same model, with the same arguments and known clusters.

        Raises:
            CheckpointError: the bytes are damaged, or of a stream of another model or with other arguments.
            StreamError: the name is in use.
        """
        parsed = snapshots.parse(snapshot, self._fingerprint)
        with self._lock:
            _require_name(name)
            if name in self._streams:
                raise StreamError(f"there is a stream {name!r} already")
            self._streams[name] = self._new(parsed.into(self._tracks))
            return self._streams[name]

    def push(self, observations: Mapping[Any, Any], joins: Mapping[Any, Any] | None = None) -> dict[Any, Update]:
        """Take the next observations of several streams, in batched steps.

        Args:
            observations: for each stream, an observation (D,) or several (n, D). A key is the name of a stream, which
                starts a new stream if the name is new, or a `Stream` of this pool.
            joins: for any of these streams, under the same keys, see `Stream.push`; None: no observation joins.

        Returns:
            The update of each stream, under the same keys.

        Raises:
            InputError, InputTypeError: see `Stream.push`; the message names the stream. If a shape or a value is
                wrong, no stream takes any observation.
            StreamError: a stream was flushed, or belongs to another pool.
        """
        if not isinstance(observations, Mapping):
            raise InputTypeError(f"push needs a mapping of streams, but it is {type(observations).__name__}")
        with self._lock, products_on(1):
            for key in observations:
                if isinstance(key, Stream):
                    self._existing(key)
                    if any(self._streams.get(name) is key for name in observations if name is not key):
                        raise InputError("a stream is given twice, by its name and as itself")
                else:
                    _require_name(key)
            decoder = self._tracks.decoder
            checked = {key: pushed_observations(decoder, x, _place(key)) for key, x in observations.items()}
            joining = self._joining(checked, {} if joins is None else joins)
            streams = {key: key if isinstance(key, Stream) else self.stream(key) for key in observations}
            taking = [
                Pushed(stream._track, checked[key], joining[key])
                for key, stream in streams.items()
                if len(checked[key])
            ]
            problems = self._tracks.take(taking) if taking else {}
            if problems:
                slots = {stream._track.slot: key for key, stream in streams.items()}
                raise InputError("; ".join(f"{_place(slots[slot])}: {text}" for slot, text in problems.items()))
            return {key: self._tracks.update(stream._track) for key, stream in streams.items()}

    def flush(self, key: Any) -> Update:
        """End a stream; its name can be used for a new stream.

        Args:
            key: the name of the stream, or the stream.

        Returns:
            The last labels, see `Stream.flush`.

        Raises:
            StreamError: there is no such stream.
        """
        with self._lock, products_on(1):
            stream = self._existing(key)
            update = self._tracks.finish(stream._track)
            stream._ended = True
            stream._finalizer.detach()
            self._streams = {name: other for name, other in self._streams.items() if other is not stream}
            return update

    def snapshot(self, key: Any) -> bytes:
        """A stream as bytes, for `restore` and `Stream.restore`.

        Args:
            key: the name of the stream, or the stream.

        Raises:
            StreamError: there is no such stream.
        """
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

    def _joining(self, checked: Mapping[Any, Tensor], joins: Mapping[Any, Any]) -> dict[Any, Flags]:
        """Which of the observations of each stream join."""
        if not isinstance(joins, Mapping) or not joins.keys() <= checked.keys():
            raise InputError("joins must be a mapping whose keys are the keys of the observations")
        joining: dict[Any, Flags] = {}
        for key, x in checked.items():
            stream = key if isinstance(key, Stream) else self._streams.get(key)
            before = 0 if stream is None else stream._track.observations
            joining[key] = pushed_joins(joins.get(key), len(x), _place(key), may_begin=before > 0)
            last_group = 0 if stream is None else self._tracks.last_group(stream._track)
            self._tracks.decoder.require_labels_for_groups(joining[key], _place(key), before, last_group)
        return joining


def _require_name(name: Any) -> None:
    usable = isinstance(name, Hashable) and name is not None and not isinstance(name, Stream)
    try:
        usable = usable and name == name and hash(name) is not None  # NaN is no name, nor a tuple with a list in it
    except TypeError:
        usable = False
    if not usable:
        raise InputTypeError(f"a stream's name must be hashable and not None, but is {name!r}")


def _place(key: Any) -> str:
    """The words with which an error message about a stream begins."""
    return "stream" if isinstance(key, Stream) else f"stream {key!r}"
