"""Labels from speaker turns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import uisrnn
from uisrnn import LabeledSequence
from uisrnn.formats import load_sequences, save_sequences
from uisrnn.sequences.coded import coded
from uisrnn.turns.turn_labels import OVERLAP_LABEL, SILENCE_LABEL, label_by_turns

CALL = LabeledSequence(np.arange(6.0)[:, None], times=np.arange(6) + 0.5, name="call", info={"room": 3})
TURNS = [(0.0, 2.0, "ann"), (1.0, 4.0, "bob"), (1.2, 1.7, "ann"), (3.0, 3.5, "eve")]


@pytest.mark.parametrize(
    ("silence", "overlap", "labels"),
    [
        ("drop", "drop", {0: "ann", 2: "bob", 3: "bob"}),
        ("mark", "drop", {0: "ann", 2: "bob", 3: "bob", 4: SILENCE_LABEL, 5: SILENCE_LABEL}),
        ("drop", "mark", {0: "ann", 1: OVERLAP_LABEL, 2: "bob", 3: "bob"}),
        ("drop", "first", {0: "ann", 1: "ann", 2: "bob", 3: "bob"}),
    ],
)
def test_who_speaks_at_the_center_is_the_label(silence, overlap, labels):
    found = label_by_turns(CALL, TURNS, silence=silence, overlap=overlap)
    assert dict(zip(found.observations[:, 0].tolist(), found.labels or (), strict=True)) == labels
    assert found.times is not None
    assert (found.times == found.observations[:, 0] + 0.5).all()
    assert (found.name, found.info) == (CALL.name, CALL.info)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.sampled_from("ab")), max_size=5),
    st.permutations(range(5)),
)
def test_it_is_what_looking_at_each_time_gives(spans, order):
    turns = [(start + 0.25, start + length + 0.25, speaker) for start, length, speaker in spans]
    turns = [turns[i] for i in order if i < len(turns)]
    wanted = []
    for time in CALL.times.tolist():
        heard = {speaker for start, end, speaker in turns if start <= time < end}
        wanted.append(SILENCE_LABEL if not heard else OVERLAP_LABEL if len(heard) > 1 else heard.pop())
    assert label_by_turns(CALL, turns, silence="mark", overlap="mark").labels == tuple(wanted)


def test_a_turn_holds_its_start_but_not_its_end():
    found = label_by_turns(CALL, [(0.5, 1.5, "ann"), (1.5, 2.5, "bob")])
    assert (found.labels, found.observations[:, 0].tolist()) == (("ann", "bob"), [0, 1])


@pytest.mark.parametrize(
    ("sequence", "turns", "options", "message"),
    [
        (LabeledSequence([[1]], name="b"), TURNS, {}, "b: times are needed to label it by turns, but it has none"),
        (CALL, [(9, 10, "ann")], {}, "call: needs observations within turns, but all are left out"),
        (CALL, [(2, 1, "ann")], {}, "turns of call, turn 0: must not end before it starts"),
        (CALL, TURNS, {"silence": "first"}, "silence must be one of drop, mark, but is 'first'"),
        (CALL, TURNS, {"overlap": None}, "overlap must be one of drop, mark, first, but is None"),
    ],
)
def test_what_is_wrong_is_named(sequence, turns, options, message):
    with pytest.raises(uisrnn.UISRNNError, match=message):
        label_by_turns(sequence, turns, **options)


def rttm_of(tmp_path, *recordings):
    uisrnn.write_rttm(tmp_path / "a.rttm", dict.fromkeys(recordings, TURNS))
    return tmp_path / "a.rttm"


@pytest.mark.parametrize("recordings", [["other", "call"], ["the only one"]])
def test_sequences_are_labelled_when_they_are_read(tmp_path, recordings):
    save_sequences(tmp_path / "a.npz", [CALL])
    [found] = load_sequences(
        tmp_path / "a.npz", rttm=rttm_of(tmp_path, *(name.replace(" ", "_") for name in recordings))
    )
    assert found.labels == ("ann", "bob", "bob")
    [found] = load_sequences(tmp_path / "a.npz", rttm=tmp_path / "a.rttm", silence="mark", overlap="mark")
    assert len(found) == len(CALL)


def test_each_sequence_needs_its_recording(tmp_path):
    save_sequences(tmp_path / "a.npz", [CALL, LabeledSequence([[1]], times=[1], name="meeting")])
    for names, known in ((["call"], "call"), (["call", "b"], "call, b")):
        with pytest.raises(uisrnn.InputError, match=rf"a\.rttm: must have the turns of 'meeting', but has {known}"):
            load_sequences(tmp_path / "a.npz", rttm=rttm_of(tmp_path, *names))
    (tmp_path / "a.rttm").write_text("")
    with pytest.raises(uisrnn.InputError, match="must have the turns of 'call', but has no recordings"):
        load_sequences(tmp_path / "a.npz", rttm=tmp_path / "a.rttm")
    with pytest.raises(uisrnn.ArgumentError, match="silence must be one of"):
        load_sequences(tmp_path / "a.npz", silence="keep")


def test_only_sequences_can_be_labelled():
    with pytest.raises(uisrnn.InputTypeError, match="sequence must be a LabeledSequence, but is NoneType"):
        label_by_turns(None, TURNS)


# --- observations of one time ---

OVERLAPPING = [(0, 4, "ann"), (2, 6, "bob")]


def talk(*observations):
    """Observations (time, value)."""
    times, values = zip(*observations, strict=True)
    return LabeledSequence(np.array(values, dtype=float)[:, None], times=times, name="talk")


def test_observations_of_one_time_get_the_speakers_whom_they_are_like():
    found = label_by_turns(talk((1, 0.0), (3, 0.9), (3, 0.1), (5, 1.0)), OVERLAPPING)
    assert found.labels == ("ann", "bob", "ann", "bob")


def test_speakers_who_never_speak_alone_are_dealt_out_all_the_same():
    found = label_by_turns(talk((3, 0.9), (3, 0.1)), OVERLAPPING)
    assert sorted(found.labels) == ["ann", "bob"]


def test_an_observation_for_which_no_speaker_is_left_is_silence():
    sequence = talk((1, 0.0), (1.5, 0.9), (1.5, 0.1), (1.5, 0.8), (5, 1.0))
    dropped = label_by_turns(sequence, OVERLAPPING)
    assert (dropped.times.tolist(), dropped.observations[1]) == ([1, 1.5, 5], np.float32(0.1))
    assert label_by_turns(sequence, OVERLAPPING, silence="mark").labels.count(SILENCE_LABEL) == 1


@pytest.mark.parametrize(
    ("overlap", "labels"),
    [("drop", ("ann",)), ("mark", ("ann", OVERLAP_LABEL)), ("first", ("ann", "bob", "ann"))],
)
def test_more_speakers_than_observations_are_overlap(overlap, labels):
    sequence = talk((1, 0.0), (3, 0.9), (3, 0.1))
    assert label_by_turns(sequence, [*OVERLAPPING, (2.5, 3.5, "cat")], overlap=overlap).labels == labels


GROUPS = st.lists(st.integers(1, 3), min_size=1, max_size=6)
SPAN = st.tuples(st.integers(0, 5), st.integers(1, 3), st.sampled_from("abc"))
SPANS = st.lists(SPAN.map(lambda drawn: (drawn[0], drawn[0] + drawn[1], drawn[2])), max_size=6)


def talk_of(sizes):
    """So many observations at 0.5, 1.5, 2.5, ... seconds, and one observation long after."""
    times = [number + 0.5 for number, size in enumerate(sizes) for _place in range(size)]
    return talk(*((time, float(row)) for row, time in enumerate([*times, 99])))


@pytest.mark.parametrize("overlap", ["drop", "mark", "first"])
@given(sizes=GROUPS, turns=SPANS)
def test_labels_of_one_time_differ(overlap, sizes, turns):
    assert coded(label_by_turns(talk_of(sizes), turns, silence="mark", overlap=overlap), {})


@given(GROUPS, SPANS)
def test_at_each_time_those_who_began_first_have_an_observation(sizes, turns):
    found = label_by_turns(talk_of(sizes), turns, silence="mark", overlap="first")
    for number, size in enumerate(sizes):
        heard = [name for start, end, name in sorted(turns, key=lambda turn: turn[0]) if start <= number + 0.5 < end]
        labels = [label for label, time in zip(found.labels, found.times, strict=True) if time == number + 0.5]
        assert set(labels) - {SILENCE_LABEL} == set(list(dict.fromkeys(heard))[:size])
