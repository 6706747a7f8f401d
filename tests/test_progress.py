import io
import sys

import pytest

from uisrnn.progress import Bar, ProgressPair, Silent, bar_for


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_steps_figures_and_time_left(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with Bar(4, "training") as bar:
        bar._bar.delay = 0  # a test does not take the second after which the bar appears
        bar._bar.start_t -= 10
        for _ in range(3):
            bar._bar.last_print_t -= 10
            bar.advance(loss=0.25)
        printed = sys.stderr.getvalue()
    assert "training" in printed
    assert "3/4" in printed
    assert "loss=0.25" in printed
    assert "<" in printed  # time passed < time left


def test_what_is_not_a_terminal_stays_silent(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with Bar(2, "training") as bar:
        bar.advance()
    assert sys.stderr.getvalue() == ""


def test_short_work_stays_silent_on_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with Bar(2, "training") as bar:
        bar.advance()
        bar.advance()
    assert sys.stderr.getvalue().strip() == ""


def test_low_verbosity_silences():
    assert isinstance(bar_for(1, 5, "x"), Silent)
    with bar_for(2, 5, "x") as bar:
        assert isinstance(bar, Bar)


def test_silence_accepts_everything():
    with Silent() as silent:
        silent.advance(loss=1.0)


class Heard(Silent):
    def __init__(self):
        self.said = []

    def __exit__(self, kind, error, trace):
        self.said.append(kind)

    def advance(self, steps=1, **figures):
        self.said.append((steps, figures))

    def record(self, **figures):
        self.said.append(figures)


def test_both_receivers_of_a_pair_get_the_same_calls():
    first, second = Heard(), Heard()
    with ProgressPair(first, second) as pair:
        pair.record(rate=0.5)
        pair.advance(2, loss=1.0)
    assert first.said == second.said == [{"rate": 0.5}, (2, {"loss": 1.0}), None]


def test_a_pair_leaves_both_receivers_if_one_fails():
    class Failing(Heard):
        def __enter__(self):
            raise OSError

    first = Heard()
    with pytest.raises(OSError), ProgressPair(first, Failing()):  # noqa: PT011 -- any
        pass
    assert first.said == [OSError]
    second = Heard()
    with pytest.raises(KeyError), ProgressPair(Heard(), second):
        raise KeyError
    assert second.said == [KeyError]


def test_what_is_recorded_is_not_shown_beside_a_bar(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with Bar(2, "training") as bar:
        bar._bar.delay = 0
        bar._bar.start_t -= 10
        bar._bar.last_print_t -= 10
        bar.record(rate=0.25)
        bar.advance(loss=0.5)
        printed = sys.stderr.getvalue()
    assert "loss=0.5" in printed
    assert "rate" not in printed
