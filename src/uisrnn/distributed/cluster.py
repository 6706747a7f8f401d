"""Connection to a Ray cluster: a running cluster, or workers of this machine for the time of the work."""

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
from uisrnn.cores import usable_cores
from uisrnn.errors import ArgumentError, ClusterError, UISRNNError

_ADDRESS = re.compile(r"(?:ray://)?(?P<host>\[[0-9A-Fa-f:]+\]|[^\s/:\[\]]+):(?P<port>[0-9]{1,5})")
_PROBE_SECONDS = 3.0
_JOIN_SECONDS = 15.0  # for a cluster whose server answers; a busy machine is slow
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"  # to a server of gRPC (RFC 9113, 3.4)
_SETTINGS = 4  # the type of frame that such a server answers
_RAISED = re.compile(r"[\w.]+(Error|Exception|Exit|Interrupt)\b")  # the start of the last line of a traceback
_STDERR = 2
# Without these, Ray prints messages about lost workers to the standard output stream, among results.
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


@contextmanager
def connect(address: str | None = None, workers: int | None = None) -> Iterator[int]:
    """Connect to a Ray cluster for the time of the context.

    If this process is connected already, this connection is used and stays open, whatever the address.

    Args:
        address: `host:port` of a cluster with this machine, or `ray://host:port` of the client server of any cluster.
            None: `RAY_ADDRESS` of the environment, or else a cluster of this machine alone, which ends with the
            context.
        workers: number of processes with a core each; None: the number of cores of the cluster.

    Yields:
        The number of workers.

    Raises:
        ArgumentError: `address` is not an address, or `workers` is not an integer >= 1.
        ClusterError: nothing answers at the address, or another program than Ray answers.
        MissingExtraError: Ray is not installed.
    """
    if workers is not None:
        require_integer("workers", workers, least=1)
    chosen_address = address or os.environ.get("RAY_ADDRESS") or None
    if chosen_address is not None:
        require_address(chosen_address)
    ray = load_ray()
    if ray.is_initialized():
        yield _number_of(ray, workers)
        return
    with quiet(), _mute():
        _start(ray, workers) if chosen_address is None else _join(ray, chosen_address)
    try:
        yield _number_of(ray, workers)
    finally:
        ray.shutdown()


@contextmanager
def raising_worker_errors(work: str) -> Iterator[None]:
    """Raise errors of workers in this process, in place of Ray's errors.

    Args:
        work: the name of the work, with which the message of a `ClusterError` begins.

    Raises:
        UISRNNError, OSError: a worker raised this error.
        ClusterError: workers were lost more often than work is retried, or Ray failed.
    """
    errors = load_ray().exceptions
    try:
        yield
    except errors.RayError as error:
        # An error of Ray can also be an instance of the error of the worker.
        not_of_ray = (cause for cause in _causes(error) if not isinstance(cause, errors.RayError))
        raised = next((cause for cause in not_of_ray if isinstance(cause, (UISRNNError, OSError))), None)
        if raised is not None:
            raise raised from None
        raise ClusterError(f"{work} failed on the cluster: {_reason_of(error)}") from error


def require_address(address: Any) -> tuple[str, int]:
    """Require an address of a Ray cluster, and return its host and port.

    Raises:
        ArgumentError: `address` is not an address.

    >>> require_address("ray://head.example:10001")
    ('head.example', 10001)
    """
    match = _ADDRESS.fullmatch(address) if isinstance(address, str) else None
    if match is None or not 0 < int(match["port"]) < 2**16:
        raise ArgumentError(
            f"the address of a Ray cluster must be host:port or ray://host:port, but is {address!r:.80}"
        )
    return match["host"].strip("[]"), int(match["port"])


def load_ray() -> Any:
    """Import Ray."""
    with quiet():
        return extras.load("ray", "ray", "work on a cluster")


@contextmanager
def quiet() -> Iterator[None]:
    """Make Ray print little and send no usage statistics, unless the user has set its environment variables."""
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
    number = workers or usable_cores()
    try:
        ray.init(
            address="local", num_cpus=number, include_dashboard=False, log_to_driver=False,
            logging_level=logging.CRITICAL,
        )  # fmt: skip
    except Exception as error:  # errors of starting processes have no common base in Ray
        raise ClusterError(f"{number} workers of this machine could not be started: {_reason_of(error)}") from error


def _join(ray: Any, address: str) -> None:
    """Connect to a running cluster within a time limit: Ray itself would wait for minutes."""
    _probe(address)
    failures: list[BaseException] = []

    def join() -> None:
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL)
        except BaseException as error:  # a thread cannot raise it in the main thread, not even KeyboardInterrupt
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
            if os.environ.get("RAY_USE_TLS", "0") == "1":  # the server answers only after the handshake of TLS
                return
            connection.settimeout(_PROBE_SECONDS)
            connection.sendall(_GREETING)
            answer = connection.recv(9)
    except OSError as error:
        raise ClusterError(f"{address}: no Ray cluster can be reached there: {error}") from error
    if len(answer) < 4 or answer[3] != _SETTINGS:
        raise ClusterError(f"{address}: the server that answers is not a Ray cluster")


@contextmanager
def _mute() -> Iterator[None]:
    """Hide the messages that compiled parts of Ray print while they start."""
    if sys.stderr is None:  # the stream was closed before this process began, so its number may be another file
        yield
        return
    sys.stderr.flush()
    stderr = os.dup(_STDERR)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, _STDERR)
    try:
        yield
    finally:
        os.dup2(stderr, _STDERR)
        os.close(stderr)
        os.close(null)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and its causes; an error of Ray holds the error of the worker as an attribute `cause`."""
    waiting = [error]
    seen: set[int] = set()
    while waiting:
        next_error = waiting.pop(0)
        if id(next_error) not in seen:
            seen.add(id(next_error))
            yield next_error
            causes = (getattr(next_error, "cause", None), next_error.__cause__, next_error.__context__)
            waiting += [cause for cause in causes if isinstance(cause, BaseException)]


def _reason_of(error: BaseException) -> str:
    """The line with the reason in the message of another library: in a remote traceback the first error not of Ray."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    raised = [line for line in lines if _RAISED.match(line) and not line.startswith("ray.")]
    return f"{(raised or lines)[0]:.300}"
