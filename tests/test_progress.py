import io
import sys

from uisrnn.progress import Bar, Silent, bar_for


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
