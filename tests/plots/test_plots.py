"""What pictures show, and what they refuse."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

import uisrnn
from uisrnn.plots import clock, plot_confidence, plot_embedding, plot_history, plot_similarity, plot_timeline
from uisrnn.plots.lanes import blocks
from uisrnn.plots.palette import COLOURS, FAINT
from uisrnn.training.history import History
from uisrnn.turns.turn import Turn, to_annotation

CALL = [(0, 5, "ann"), (5, 9, "bob"), (8, 12, "ann")]
FOUND = [(0, 6, 1), (6, 9, 0), (9, 11, 1), (11, 13, 7)]


def colours_of(axes, bars):
    """Colours of collections of bars, in the order in which they were drawn, without those of the ground."""
    return [to_hex(one.get_facecolor()[0]) for one in axes.collections if len(one.get_facecolor())][1::2][:bars]


def test_a_timeline_has_speakers_of_both_in_one_order_and_errors():
    axes = plot_timeline(CALL, to_annotation(FOUND))
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["ann", "bob", "overlap", "1 (ann)", "0 (bob)", "7", "missed", "false alarm", "confusion"]
    assert axes.get_xlim() == (0, 13)
    assert axes.yaxis_inverted()
    ann, bob = COLOURS[:2]
    assert colours_of(axes, 5) == [ann, bob, FAINT, ann, bob]
    axes.figure.canvas.draw()


def test_a_timeline_without_hypothesis_is_that_of_its_speakers():
    assert [label.get_text() for label in plot_timeline(CALL[:2]).get_yticklabels()] == ["ann", "bob"]


def test_people_who_speak_at_a_time_have_rows_of_their_own_and_a_row_for_their_overlap():
    turns = [Turn(0, 4, "ann"), Turn(1, 2, "bob"), Turn(2, 3, "cat"), Turn(3.5, 5, "bob")]
    lanes = blocks(turns, None)[0].lanes
    assert {lane.name: lane.spans for lane in lanes} == {
        "ann": [(0, 4)], "bob": [(1, 2), (3.5, 5)], "cat": [(2, 3)], "overlap": [(1, 3), (3.5, 4)],
    }  # fmt: skip


def test_names_are_text_however_they_look():
    names = ["$x", r"$\foo$", "a\nb", "x" * 500, r"\$", "<b>", "\0\x1b"]
    axes = plot_timeline([(number, number + 1, name) for number, name in enumerate(names)], [(0, 9, "$y$")])
    axes.figure.canvas.draw()
    assert axes.get_yticklabels()[2].get_text() == "a b"
    assert len(axes.get_yticklabels()[3].get_text()) == 24
    plot_embedding(np.eye(3), ["$", "$a$", r"$\frac$"], [r"$\x$", "a", "b"])[0].figure.canvas.draw()


@pytest.mark.parametrize("number", [20, 100])
def test_many_speakers_fit(number):
    turns = [(at, at + 1.5, f"speaker {at}") for at in range(number)]
    axes = plot_timeline(turns, [(start, end, int(start)) for start, end, _ in turns])
    axes.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert all(above.y0 >= below.y1 - 2 for above, below in itertools.pairwise(boxes))
    assert axes.figure.get_size_inches()[1] < 20


turn = st.tuples(st.floats(-9e11, 9e11), st.floats(1, 1e10), st.sampled_from("abc"))
turns = st.lists(turn.map(lambda one: (one[0], one[0] + one[1], one[2])), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None)
@given(turns)
def test_any_turns_are_drawn(turns):
    plot_timeline(turns, turns[:2]).figure.canvas.draw()


@pytest.mark.slow
def test_pictures_leave_no_trace_in_pyplot():
    code = (
        "import sys, uisrnn; from uisrnn.plots import plot_timeline\n"
        "assert 'matplotlib' not in sys.modules\n"
        "plot_timeline([(0, 1, 'ann')]); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_axes_that_are_handed_in_are_drawn_on():
    figure = Figure()
    one, two = figure.subplots(1, 2)
    assert plot_timeline(CALL, ax=one) is one
    assert plot_similarity([[1, 0], [0, 1]], ["a", "b"], ax=one) is one
    assert plot_confidence([0.5], ax=two) is two
    assert plot_embedding([[1, 0], [0, 1]], ["a", "b"], [0, 1], axes=[one, two]) == [one, two]
    assert plot_history(History([1.0], [1.0], [1.0], [1.0]), axes=one) == [one]


def test_an_embedding_shows_what_is_wrong():
    points = np.array([[0, 0], [0, 1], [9, 0], [9, 1], [9, 2]], dtype=float)
    true, found = plot_embedding(points, ["ann", "ann", "bob", "bob", "eve"], ["x", "x", "x", "y", "z"])
    assert found.get_title() == "predicted: 80.0 % right"
    names = [entry.get_text() for entry in found.get_legend().get_texts()]
    assert names == ["ann = x", "bob = y", "eve = z", "wrong"]
    assert true.get_legend() is None
    names = [
        entry.get_text() for entry in plot_embedding(points, list("aabbb"), list("xxxxx"))[1].get_legend().get_texts()
    ]
    assert names == ["a (not found)", "b = x", "wrong"]


def test_an_embedding_keeps_what_differs_most(generator):
    points = generator.normal(size=(50, 6)) * [1e-3, 5, 1e-3, 1e-3, 2, 1e-3] + 7
    [axes] = plot_embedding(points, [0] * 50)
    drawn = axes.collections[0].get_offsets()
    apart = [np.linalg.norm(one[:, None] - one[None], axis=-1) for one in (drawn, points[:, [1, 4]])]
    assert apart[0] == pytest.approx(apart[1], abs=0.01)
    assert np.ptp(drawn[:, 0]) > np.ptp(drawn[:, 1])
    assert "of variance" in axes.get_xlabel()


@pytest.mark.parametrize("points", [[[3.0]], [[1.0], [2.0], [4.0]], np.zeros((4, 3)), [[1e38, -1e38], [1e-38, 0]]])
def test_degenerate_observations_are_drawn(points):
    plot_embedding(points, list(range(len(points))), [0] * len(points))[0].figure.canvas.draw()
    plot_similarity(points, [0] * len(points)).figure.canvas.draw()


def test_a_similarity_matrix_is_that_of_cosines(generator):
    points = generator.normal(size=(5, 3))
    shown = plot_similarity(points, list("aabbb")).images[0].get_array().data
    norms = np.linalg.norm(points, axis=1)
    assert shown == pytest.approx(points @ points.T / np.outer(norms, norms), abs=1e-6)


def test_large_inputs_are_thinned(generator):
    points = generator.normal(size=(25_000, 2)).astype(np.float32)
    labels = np.arange(25_000) // 1000
    assert plot_similarity(points, labels).images[0].get_array().shape == (1000, 1000)
    drawn = plot_embedding(points, labels)[0].collections
    assert sum(len(one.get_offsets()) for one in drawn) == 12_500
    stairs = plot_confidence(np.linspace(0, 1, 25_000)).patches[-1]
    assert len(stairs.get_data().values) < 1000


def test_confidence_and_labels_of_one_time_share_its_step():
    axes = plot_confidence([1, 0.5, 0.9], times=[0.5, 1.5, 1.5], labels=["ann", "bob", "ann"])
    [stairs] = [patch for patch in axes.patches if isinstance(patch, StepPatch)]
    assert stairs.get_data().values.tolist() == pytest.approx([1, 0.7])
    assert stairs.get_data().edges.tolist() == [0, 1, 2]
    [band, below, above] = [one.get_paths()[0].get_extents() for one in axes.collections[1:]]
    assert (band.x0, band.x1, below.x0, below.x1) == (0, 1, 1, 2)
    assert below.y1 == pytest.approx(above.y0)
    assert (below.y0, above.y1) == pytest.approx((band.y0, band.y1))


def test_confidence_is_drawn_over_time_with_labels():
    axes = plot_confidence([1, 0.5, 1], times=[0.4, 0.8, 1.2], labels=["ann", "bob", "ann"])
    assert axes.get_xlim() == (pytest.approx(0.2), pytest.approx(1.4))
    assert [entry.get_text() for entry in axes.get_legend().get_texts()] == ["ann", "bob"]
    assert axes.get_xlabel() == "time (s)"


def test_training_curves_have_a_panel_each():
    terms = [1.0, 0.5, 0.2]
    full = History(terms, terms, terms, [0.1, 0.1, 0.05], [0.3, 0.2], {0: 0.4, 2: 0.3})
    assert [one.get_title(loc="left") for one in plot_history(full)] == ["loss", "learning rate", "discriminative loss"]
    [only] = plot_history(History(discriminative=[0.3]))
    assert only.get_title(loc="left") == "discriminative loss"
    [loss] = plot_history(History(terms, terms, terms, [0.1] * 3))
    assert {line.get_label(): list(line.get_ydata()) for line in loss.lines}["loss"] == pytest.approx([3.0, 1.5, 0.6])


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: plot_timeline([]), ValueError, "there is nothing to draw: there are no turns"),
        (lambda: plot_timeline([(1, 1, "a")], []), ValueError, "there is nothing to draw"),
        (lambda: plot_timeline(None), TypeError, "reference: must be a list of turns"),
        (lambda: plot_timeline(CALL, [(0, 1)]), TypeError, "hypothesis, turn 0: must be"),
        (lambda: plot_timeline(CALL, ax=3), TypeError, "ax must be a matplotlib Axes, but is 3"),
        (lambda: plot_embedding([[1.0]], [0], [0], axes="x"), TypeError, "axes must be 2 matplotlib Axes, but is 'x'"),
        (
            lambda: plot_embedding([[1.0]], [0, 1]),
            ValueError,
            "labels: 1 observations need as many labels, but there are",
        ),
        (lambda: plot_embedding([[1.0]], [0], [0, 1]), ValueError, "predicted: 1 observations need as many labels"),
        (lambda: plot_embedding([1.0], [0]), ValueError, r"observations: observations must be \(T, D\)"),
        (lambda: plot_similarity([[np.nan]]), ValueError, "observation 0 is not finite"),
        (lambda: plot_similarity([[1.0]], [0.5]), ValueError, "labels: labels must be strings or integers"),
        (lambda: plot_confidence([0.5, 1.5]), ValueError, "confidence must be from 0 to 1, but at position 1 is 1.5"),
        (lambda: plot_confidence([np.nan]), ValueError, "confidence must be from 0 to 1, but at position 0 is nan"),
        (lambda: plot_confidence([]), ValueError, r"confidence must be of shape \(T,\) with T >= 1, but is \(0,\)"),
        (lambda: plot_confidence("x"), TypeError, "confidence must be an array of numbers"),
        (lambda: plot_confidence([1, 1], times=[1, 0]), ValueError, "confidence: times must not decrease"),
        (lambda: plot_confidence([1, 1], times=[0, 1e300]), ValueError, r"times must be seconds below 1e\+12"),
        (lambda: plot_confidence([1], labels=[]), ValueError, "1 observations need as many labels, but there are 0"),
        (lambda: plot_history(History()), ValueError, "history is empty"),
        (lambda: plot_history(3), TypeError, "history must be a History, as fit returns it, but is 3"),
        (lambda: plot_history(History(["x"], [1], [1], [1])), TypeError, "history must hold numbers"),
        (lambda: plot_history(History([1.0], [], [], [1])), TypeError, "the same number of each term"),
        (lambda: plot_history(History(discriminative=[1], development={1: "x"})), TypeError, "history must hold"),
    ],
)
def test_what_cannot_be_drawn_is_named(draw, error, message):
    with pytest.raises(error, match=message) as raised:
        draw()
    assert isinstance(raised.value, uisrnn.UISRNNError)


def test_without_matplotlib_the_command_that_brings_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(
        uisrnn.MissingExtraError, match=r"plot_timeline needs matplotlib.* pip install 'uisrnn\[plots\]'"
    ):
        plot_timeline(CALL)


@given(st.floats(-1e11, 1e11), st.floats(0.1, 1e11))
def test_an_axis_of_time_has_some_labels_in_their_order(start, length):
    marks = clock.ticks(start, start + length)
    assert len(marks) <= 10
    assert [time for time, _ in marks] == sorted(time for time, _ in marks)
    assert len(marks) >= 2 or length < 1e-5 * abs(start)


# Machado, Oliveira and Fernandes 2009, severity 1, for linear RGB
EYES = {
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}
TO_CONES = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]])
TO_LAB = np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]])


@pytest.mark.parametrize("eyes", EYES)
def test_colours_are_apart_for_every_eye(eyes):
    parts = np.array([[int(shade[at : at + 2], 16) / 255 for at in (1, 3, 5)] for shade in COLOURS])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    seen = np.cbrt(np.clip(linear @ np.array(EYES[eyes]).T, 0, 1) @ TO_CONES.T) @ TO_LAB.T
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=-1)[~np.eye(len(seen), dtype=bool)]
    assert apart.min() > 0.06  # OKLab; 0.02 is what can just be told apart
