"""What tests of the command line need."""

from dataclasses import dataclass


@dataclass
class Done:
    """What a command left: its exit status and what it printed."""

    code: int
    out: str
    err: str


def assert_one_line(done, code, *parts):
    """An error is one line, without a traceback."""
    assert done.code == code, done
    assert done.err.count("\n") == 1, done.err
    assert done.err.startswith("uisrnn: ")
    for part in parts:
        assert part in done.err
