"""Connecting to a cluster: in seconds, or an error of one line."""

import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from threading import Thread

import pytest

import uisrnn
from uisrnn.distributed.cluster import connect, raising_worker_errors

PATIENCE = 10  # seconds


@contextmanager
def server(answer):
    """A server that gives everybody the same answer, or none, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:  # the test is over
                    return
                with connection:
                    connection.recv(100)
                    if answer is None:
                        time.sleep(2 * PATIENCE)
                    else:
                        connection.sendall(answer)

        Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


# In processes of their own: this one may be connected already, and stays so.
PROGRAM = """
import sys
from uisrnn.distributed import connect
from uisrnn.errors import ClusterError
try:
    with connect(sys.argv[1]):
        pass
except ClusterError as error:
    print(error)
"""


def told_by(address):
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", PROGRAM, address], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - start < PATIENCE
    assert done.stdout.count("\n") == 1
    return done.stdout


@pytest.mark.parametrize("scheme", ["", "ray://"])
@pytest.mark.slow
def test_an_address_where_nobody_listens_is_told_in_seconds(scheme):
    address = f"{scheme}127.0.0.1:{closed_port()}"
    assert told_by(address).startswith(f"{address}: no Ray cluster can be reached there: ")


@pytest.mark.parametrize(
    ("answer", "part"), [(b"HTTP/1.0 400 Bad Request\r\n\r\n", "is not a Ray cluster"), (None, "timed out")]
)
@pytest.mark.slow
def test_a_server_of_something_else_is_told_in_seconds(answer, part):
    with server(answer) as port:
        assert part in told_by(f"127.0.0.1:{port}")


def test_the_environment_may_say_the_address(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "no address")
    with pytest.raises(uisrnn.ArgumentError, match="must be host:port or ray://host:port, but is 'no address'"):
        connect().__enter__()


def test_a_connection_that_is_there_is_used_and_left(cluster):
    import ray

    with connect(None, 5) as workers:
        assert workers == 5
    with connect() as workers:
        assert workers == cluster
    assert ray.is_initialized()


def test_errors_of_workers_come_back_as_they_were_raised(cluster):
    import ray

    @ray.remote
    def fail(error):
        raise error

    for error in (uisrnn.InputError("call: is wrong"), FileNotFoundError(2, "No such file", "a.parquet")):
        with pytest.raises(type(error)) as caught, raising_worker_errors("work"):
            ray.get(fail.remote(error))
        assert str(caught.value) == str(error)
    message = r"^work failed on the cluster: ZeroDivisionError: by nothing$"
    with pytest.raises(uisrnn.ClusterError, match=message), raising_worker_errors("work"):
        ray.get(fail.remote(ZeroDivisionError("by nothing")))
