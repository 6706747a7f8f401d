"""A Ray cluster: one that is there, or workers of this machine for as long as they are needed."""

import logging
import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from uisrnn import extras
from uisrnn.checks import require_integer
from uisrnn.errors import ArgumentError, ClusterError, UISRNNError

_ADDRESS = re.compile(r"(?:ray://)?(?P<host>\[[0-9A-Fa-f:]+\]|[^\s/:\[\]]+):(?P<port>[0-9]{1,5})")
_PROBE_SECONDS = 3.0
_JOIN_SECONDS = 15.0  # a server of Ray answered, but machines that are loaded take their time
# What a server of gRPC, as Ray's are, is greeted with, and which kind of frame it answers (RFC 9113, 3.4).
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
_SETTINGS = 4
_RAISED = re.compile(r"[\w.]+(Error|Exception|Exit|Interrupt)\b")  # how the last line of a traceback begins
_STDERR = 2
# Messages of lost workers would be printed among results, since Ray prints them to the standard output stream.
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


@contextmanager
def connect(address: str | None = None, workers: int | None = None) -> Iterator[int]:
    """Be connected to a Ray cluster.

    Where this process is connected already, that connection is used and left as it is, whatever the address.

    Args:
        address: `host:port` of a cluster of which this machine is a part, `ray://host:port` of the client server of
            any; None: `RAY_ADDRESS` of the environment, or else a cluster of this machine alone, which ends with the
            context.
        workers: how many processes of one core each shall work; None: as many as the cluster has cores.

    Yields:
        The number of workers.

    Raises:
        ArgumentError: the address is none, or `workers` is no number of processes.
        ClusterError: nothing answers at the address, or what answers is not Ray.
        MissingExtraError: Ray is not installed.
    """
    if workers is not None:
        require_integer("workers", workers, least=1)
    where = address or os.environ.get("RAY_ADDRESS") or None
    if where is not None:
        require_address(where)
    ray = load_ray()
    if ray.is_initialized():
        yield _number_of(ray, workers)
        return
    with quiet(), _mute():
        _start(ray, workers) if where is None else _join(ray, where)
    try:
        yield _number_of(ray, workers)
    finally:
        ray.shutdown()


@contextmanager
def told_here(what: str) -> Iterator[None]:
    """Errors of work on a cluster become those of this library, or of the system, that a worker met.

    Args:
        what: the work, with which messages of lost machines begin.

    Raises:
        UISRNNError, OSError: what a worker raised.
        ClusterError: workers were lost more often than work is done again, or Ray itself failed.
    """
    errors = load_ray().exceptions
    try:
        yield
    except errors.RayError as error:
        # what Ray raises itself only looks like what a worker raised
        plain = (one for one in _causes(error) if not isinstance(one, errors.RayError))
        met = next((one for one in plain if isinstance(one, (UISRNNError, OSError))), None)
        if met is not None:
            raise met from None
        raise ClusterError(f"{what} failed on the cluster: {_reason_of(error)}") from error


def require_address(address: Any) -> tuple[str, int]:
    """Host and port of an address.

    Raises:
        ArgumentError: it is none.

    >>> require_address("ray://head.example:10001")
    ('head.example', 10001)
    """
    found = _ADDRESS.fullmatch(address) if isinstance(address, str) else None
    if found is None or not 0 < int(found["port"]) < 2**16:
        raise ArgumentError(
            f"the address of a Ray cluster must be host:port or ray://host:port, but is {address!r:.80}"
        )
    return found["host"].strip("[]"), int(found["port"])


def load_ray() -> Any:
    """Ray, which is not loaded before it is needed."""
    with quiet():
        return extras.load("ray", "ray", "work on a cluster")


@contextmanager
def quiet() -> Iterator[None]:
    """Ray prints little and tells nobody of its use, where the user has not set the variables that it looks at."""
    new = {name: value for name, value in _QUIET.items() if name not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for name in new:
            os.environ.pop(name, None)


def _number_of(ray: Any, workers: int | None) -> int:
    return workers or max(1, int(ray.cluster_resources().get("CPU", 1)))


def _start(ray: Any, workers: int | None) -> None:
    number = workers or os.cpu_count() or 1
    try:
        ray.init(
            address="local", num_cpus=number, include_dashboard=False, log_to_driver=False,
            logging_level=logging.CRITICAL,
        )  # fmt: skip
    except Exception as error:  # Ray has no base for what can happen to its processes while they start
        raise ClusterError(f"{number} workers of this machine could not be started: {_reason_of(error)}") from error


def _join(ray: Any, address: str) -> None:
    """Connect to what is there; Ray itself waits for minutes, and cannot be stopped from it."""
    _probe(address)
    failures: list[BaseException] = []

    def join() -> None:
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL)
        except BaseException as error:  # a thread must hand it over, also what is meant to end the process
            failures.append(error)

    thread = Thread(target=join, daemon=True)
    thread.start()
    thread.join(_JOIN_SECONDS)
    if thread.is_alive():
        raise ClusterError(
            f"{address}: a server answers, but not as a Ray cluster of the same version that this machine may join "
            f"within {_JOIN_SECONDS:g} seconds"
        )
    if failures:
        raise ClusterError(f"{address}: the Ray cluster cannot be joined: {_reason_of(failures[0])}") from failures[0]


def _probe(address: str) -> None:
    host, port = require_address(address)
    try:
        with socket.create_connection((host, port), _PROBE_SECONDS) as connection:
            if os.environ.get("RAY_USE_TLS", "0") == "1":  # nothing is answered before both have shown their papers
                return
            connection.settimeout(_PROBE_SECONDS)
            connection.sendall(_GREETING)
            answer = connection.recv(9)
    except OSError as error:
        raise ClusterError(f"{address}: no Ray cluster can be reached there: {error}") from error
    if len(answer) < 4 or answer[3] != _SETTINGS:
        raise ClusterError(f"{address}: what answers there is not a Ray cluster")


@contextmanager
def _mute() -> Iterator[None]:
    """What Ray's compiled part says while it starts is not printed: that it was told to be silent, above all."""
    if sys.stderr is None:  # it was closed before this process began, and the number is another file's
        yield
        return
    sys.stderr.flush()
    kept, nowhere = os.dup(_STDERR), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDERR)
    try:
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
        os.close(nowhere)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those that led to it; Ray keeps what a worker raised beside what it raises itself."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop(0)
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            led = (getattr(one, "cause", None), one.__cause__, one.__context__)
            waiting += [each for each in led if isinstance(each, BaseException)]


def _reason_of(error: BaseException) -> str:
    """The line of a foreign message that says what happened: in remote tracebacks the first error that is not Ray's."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    raised = [line for line in lines if _RAISED.match(line) and not line.startswith("ray.")]
    return f"{(raised or lines)[0]:.300}"
