"""Conversations that are made of turns and voices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import uisrnn
from uisrnn.simulation.simulation import simulate

# A conversation of two, with an overlap from 8 to 9 seconds and silence from 12 to 14.
TURNS = [(0.0, 4.0, "ann"), (4.0, 9.0, "bob"), (8.0, 12.0, "ann"), (14.0, 20.0, "bob")]


def numbered(voice, length=100):
    """Observations that tell where they come from: number of the voice, position in it."""
    return np.column_stack([np.full(length, float(voice)), np.arange(length)])


VOICES = {"one": numbered(1), "two": numbered(2), "three": numbered(3)}


def unit_voices(generator, number=4, length=30, dim=8):
    x = generator.standard_normal((number, length, dim)).astype(np.float32)
    return dict(enumerate(x / np.linalg.norm(x, axis=2, keepdims=True)))


def only(made):
    (x,), (labels,) = made
    return x, labels


def test_labels_follow_the_turns():
    x, labels = only(simulate([TURNS], VOICES, window=1, hop=0.5, seed=0))
    # Centers are at 0.5, 1.0, ...; those at 12, 12.5, ... 13.5 are silent.
    ann, bob = labels[0], labels[-1]
    assert ann != bob
    assert labels == [ann] * 7 + [bob] * 8 + [ann] * 8 + [bob] * 12
    assert x.shape == (35, 2)
    assert x.dtype == np.float32


@given(
    st.lists(st.tuples(st.floats(0, 3), st.floats(0.01, 5), st.sampled_from("abc")), min_size=1, max_size=10),
    st.sampled_from([0.5, 0.8, 1.6]),
    st.sampled_from([0.2, 0.4, 1.0]),
)
def test_speakers_and_voices_are_one_to_one_and_observations_of_the_voice(steps, window, hop):
    times = np.cumsum([step[:2] for step in steps]).reshape(-1, 2)
    turns = [(start, end, who) for (start, end), (_, _, who) in zip(times, steps, strict=True)]
    try:
        x, labels = only(simulate([turns], VOICES, window=window, hop=hop, mixing=False, seed=1))
    except uisrnn.InputError:
        centers = np.arange(turns[0][0] + window / 2, turns[-1][1], hop)
        assert not any(start + 1e-5 < center < end - 1e-5 for center in centers for start, end, _ in turns)
    else:
        assert len(x) == len(labels) > 0
        assert len(set(labels)) <= len({who for *_, who in turns})
        assert x[:, 0].tolist() == [list(VOICES).index(label) + 1 for label in labels]


def test_a_window_inside_a_turn_is_an_observation_of_the_voice_and_the_next_is_the_next():
    x, _ = only(simulate([TURNS], VOICES, window=1, hop=0.5, seed=0))
    # Windows from 0 to 1, ... 3 to 4 are ann's alone; those from 4 to 5, ... 7 to 8 bob's; from 14 on bob's.
    for inside in (x[:7], x[8:15], x[24:]):
        assert len(set(inside[:, 0])) == 1
        assert (np.diff(inside[:, 1]) % 100 == 1).all()


def test_a_window_with_two_voices_is_their_mean_weighted_with_seconds():
    turns = [(0, 3.25, "ann"), (3.25, 7, "bob")]
    constant = {"one": np.full((5, 1), 10.0), "two": np.full((5, 1), 20.0)}
    x, labels = only(simulate([turns], constant, window=1, hop=0.5, seed=0))
    ann, bob = (10.0, 20.0) if labels[0] == "one" else (20.0, 10.0)
    # The window from 2.5 to 3.5 has its center before the change, that from 3 to 4 after it.
    assert x[4:8, 0].tolist() == [ann, 0.75 * ann + 0.25 * bob, 0.25 * ann + 0.75 * bob, bob]
    assert labels[4] == labels[5] != labels[6] == labels[7]


def test_silence_in_a_window_has_no_weight():
    turns = [(0, 1.5, "ann"), (2, 4, "bob")]
    constant = {"one": np.full((5, 1), 10.0), "two": np.full((5, 1), 20.0)}
    x, labels = only(simulate([turns], constant, window=1, hop=0.75, seed=0))
    # The windows from 0.75 to 1.75 and from 2.25 on; the center of that from 1.5 to 2.5 is where bob begins.
    assert x[:, 0].tolist() == [10.0 if label == "one" else 20.0 for label in labels]
    assert [label == labels[0] for label in labels] == [True, True, False, False, False]


def test_without_mixing_only_windows_with_several_voices_differ():
    mixed, labels = only(simulate([TURNS], VOICES, window=1, hop=0.5, seed=3))
    plain, same = only(simulate([TURNS], VOICES, window=1, hop=0.5, seed=3, mixing=False))
    assert labels == same
    differ = np.flatnonzero((mixed != plain).any(axis=1))
    assert differ.tolist() == [7, 15]
    assert set(plain[:, 0]) == {list(VOICES).index(label) + 1 for label in labels}


def test_in_an_overlap_the_one_who_began_last_is_heard_and_then_the_other_again():
    turns = [(0, 10, "ann"), (4, 6, "bob")]
    _, labels = only(simulate([turns], VOICES, window=1, hop=1, seed=0))
    assert [label == labels[0] for label in labels] == [True] * 4 + [False] * 2 + [True] * 4


def test_finer_voices_are_gone_through_in_steps():
    x, _ = only(simulate([[(0, 10, "ann")]], {"one": numbered(1, 400)}, hop=0.4, voice_hop=0.1, seed=0))
    assert set(np.diff(x[:, 1])) <= {4.0, 4.0 - 400, 5.0 - 400}
    x, _ = only(simulate([[(0, 10, "ann")]], {"one": numbered(1, 400)}, hop=0.5, voice_hop=0.2, seed=1))
    assert set(np.diff(x[:, 1])) <= {2.0, 3.0}


@pytest.mark.parametrize("length", [96, 97, 98, 99, 100])
def test_in_steps_too_all_of_a_voice_is_heard_before_it_is_repeated(length):
    turns = [(0, 0.4 * (length - 4) + 0.2, "ann")]
    x, _ = only(simulate([turns], {"one": numbered(1, length)}, hop=0.4, voice_hop=0.1, seed=0))
    assert len(x) - len(np.unique(x[:, 1])) <= 3  # a lap may end with an observation with which the next begins


def test_later_turns_go_on_where_nothing_was_heard_yet():
    turns = [(20 * number, 20 * number + 4, "ann") for number in range(3)]
    x, _ = only(simulate([turns], {"one": numbered(1, 100)}, window=1, hop=0.5, seed=0))
    steps = np.diff(x[:, 1]) % 100
    # The last window of a turn, whose center is silent, counts; then come the two hops of a window.
    assert set(steps) == {1.0, 3.0}
    assert np.flatnonzero(steps == 3).tolist() == [6, 14]


def test_a_voice_that_is_too_short_is_repeated_from_its_start():
    x, _ = only(simulate([[(0, 8, "ann")]], {"one": numbered(1, 3)}, window=1, hop=1, seed=0))
    assert set(np.diff(x[:, 1])) == {1.0, -2.0}


def test_utterances_follow_each_other_in_random_order():
    utterances = [numbered(utterance, 5) for utterance in range(4)]
    orders = set()
    for seed in range(20):
        x, _ = only(simulate([[(0, 20, "ann")]], {"one": utterances}, window=1, hop=1, seed=seed))
        assert (np.diff(x[:, 1]) % 5 == 1).all()
        assert sorted(map(tuple, x.tolist())) == sorted(map(tuple, np.concatenate(utterances).tolist()))
        orders.add(tuple(dict.fromkeys(x[:, 0])))
    assert len(orders) > 5


def test_a_speaker_keeps_one_voice_and_others_have_others():
    turns = [(number, number + 1, "abc"[number % 3]) for number in range(12)]
    for seed in range(10):
        _, labels = only(simulate([turns], VOICES, window=0.5, hop=1, seed=seed))
        assert labels == labels[:3] * 4
        assert set(labels) == set(VOICES)


def test_the_same_seed_gives_the_same_and_another_does_not():
    made = [simulate([TURNS] * 3, VOICES, noise=0.1, max_length=10, seed=seed) for seed in (5, 5, 6)]
    (x, labels), (same, same_labels), (other, _) = made
    assert labels == same_labels
    assert all((a == b).all() for a, b in zip(x, same, strict=True))
    assert any((a != b).any() for a, b in zip(x, other, strict=True))


def test_global_random_state_is_not_touched():
    before = np.random.get_state()[1].copy()
    simulate([TURNS], VOICES, seed=0)
    simulate([TURNS], VOICES)
    assert (np.random.get_state()[1] == before).all()


def test_more_conversations_than_turns_have_new_voices():
    alone, both = [(0, 4, "ann")], TURNS
    _, labels = simulate([alone, both], VOICES, number=21, seed=0)
    assert len(labels) == 21
    assert [len(set(one)) for one in labels] == [1, 2] * 10 + [1]
    assert {one[0] for one in labels[::2]} == set(VOICES)
    assert len(simulate([alone, both], VOICES, number=1, seed=0)[0]) == 1


def test_a_long_conversation_is_cropped_to_a_random_stretch():
    whole, labels = only(simulate([TURNS], VOICES, seed=0))
    stretches = set()
    for seed in range(30):
        x, cropped = only(simulate([TURNS], VOICES, max_length=8, seed=seed))
        assert len(x) == len(cropped) == 8
        stretches.add(tuple(label == cropped[0] for label in cropped))
    assert len(stretches) > 3
    assert len(only(simulate([TURNS], VOICES, max_length=len(whole), seed=0))[1]) == len(labels)


def test_only_speakers_in_the_stretch_need_a_voice():
    turns = [(number, number + 1, f"speaker {number}") for number in range(20)]
    _, labels = only(simulate([turns], VOICES, window=0.4, max_length=3, seed=0))
    assert len(labels) == 3


def test_noise_is_added_to_each_dimension():
    silent = {"one": np.zeros((4, 3))}
    x, _ = only(simulate([[(0, 1000, "ann")]], silent, noise=0.5, seed=0))
    assert x.std(axis=0) == pytest.approx(0.5, abs=0.03)
    assert x.mean(axis=0) == pytest.approx(0, abs=0.05)


def test_normalized_voices_give_normalized_conversations(generator):
    voices = unit_voices(generator)
    x, _ = only(simulate([TURNS], voices, noise=0.1, seed=0))
    assert np.linalg.norm(x, axis=1) == pytest.approx(1)
    x, _ = only(simulate([TURNS], voices, normalize=False, seed=0))
    assert np.linalg.norm(x, axis=1).min() < 0.95
    assert np.linalg.norm(x, axis=1).max() == pytest.approx(1)


def test_normalized_observations_of_one_voice_stay_as_they_are(generator):
    voices = unit_voices(generator)
    x, labels = only(simulate([[(0, 6, "ann")]], voices, seed=0))
    assert all((voices[labels[0]] == one).all(axis=1).any() for one in x)


def test_voices_that_are_not_normalized_are_on_demand():
    assert np.linalg.norm(only(simulate([TURNS], VOICES, seed=0))[0], axis=1).max() > 2
    x, _ = only(simulate([TURNS], VOICES, normalize=True, seed=0))
    assert np.linalg.norm(x, axis=1) == pytest.approx(1)
    nothing = {"one": np.zeros((4, 3))}
    assert (only(simulate([[(0, 4, "ann")]], nothing, normalize=True, seed=0))[0] == 0).all()


def test_conversations_without_observations_are_skipped():
    x, labels = simulate([[], [(0, 0.1, "ann")], TURNS, [(3, 3, "bob")]], VOICES, seed=0)
    assert len(x) == len(labels) == 1


def test_turns_come_from_files_too(tmp_path):
    path = tmp_path / "two.rttm"
    lines = [f"SPEAKER first 1 {start} {end - start} <NA> <NA> {who} <NA> <NA>" for start, end, who in TURNS]
    path.write_text("\n".join([*lines, "SPEAKER second 1 0 4 <NA> <NA> ann <NA> <NA>"]))
    _, expected = simulate([TURNS, [(0, 4, "ann")]], VOICES, seed=0)
    for turns in ([path], (str(path),), path, str(path)):
        assert simulate(turns, VOICES, seed=0)[1] == expected
    assert len(simulate([TURNS, path], VOICES, seed=0)[0]) == 3


def test_voices_may_come_from_a_file_of_arrays(tmp_path):
    np.savez(tmp_path / "voices.npz", **VOICES)
    with np.load(tmp_path / "voices.npz") as voices:
        made, labels = simulate([TURNS], voices, seed=0)
    expected, same = simulate([TURNS], VOICES, seed=0)
    assert labels == same
    assert (made[0] == expected[0]).all()


def test_a_model_trains_on_what_comes_out(generator):
    turns = [[(2 * number, 2 * number + 2, number % 2) for number in range(5)] for _ in range(3)]
    sequences, labels = simulate(turns, unit_voices(generator), seed=0)
    model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=8, rnn_hidden_size=4, verbosity=0, seed=0))
    args = uisrnn.TrainingArguments(train_iteration=2, enforce_cluster_id_uniqueness=False)
    model.fit(sequences, labels, args)
    assert len(model.predict(sequences[0])) == len(labels[0])


@pytest.mark.parametrize(
    ("turns", "voices", "error", "message"),
    [
        (None, VOICES, TypeError, "turns must be a list of conversations, but are NoneType"),
        ({}, VOICES, TypeError, "turns must be a list of conversations, but are dict"),
        (
            [],
            VOICES,
            ValueError,
            "turns: someone must speak at the center of a 0.8 s window, but nobody does in 0 conversations",
        ),
        ([[(0, 0.3, "a")]], VOICES, ValueError, "but nobody does in 1 conversations"),
        ([TURNS, 3], VOICES, TypeError, "conversation 1: must be a list of turns or the path of an RTTM file"),
        (TURNS, VOICES, TypeError, r"conversation 0, turn 0: must be \(start seconds, end seconds, speaker\)"),
        ([TURNS, [(0, 1, "a"), (2, 1, "a")]], VOICES, ValueError, "conversation 1, turn 1: must not end before"),
        ([TURNS, [(0, 1e8, "a")]], VOICES, ValueError, r"conversation 1: lasts 1e\+08 s, .* are its times in seconds"),
        ([TURNS], {"a": numbered(1)}, ValueError, "conversation 0: 2 speakers need as many voices, but there are 1"),
        ([TURNS], None, TypeError, "voices must be a mapping from names to observations, but are NoneType"),
        ([TURNS], [numbered(1)], TypeError, "voices must be a mapping from names to observations, but are list"),
        ([TURNS], {}, ValueError, "voices: at least one voice is needed, but there is none"),
        ([TURNS], {None: numbered(1)}, TypeError, "voices: names must be strings or integers, but there is None"),
        ([TURNS], {"a": []}, ValueError, "voice 'a': at least one observation is needed, but there is none"),
        ([TURNS], {"a": None}, TypeError, "voice 'a': observations must be an array of numbers, but are NoneType"),
        ([TURNS], {"a": numbered(1), 2: np.zeros((5, 3))}, ValueError, r"voice 2: observations must be \(T, 2\)"),
        ([TURNS], {"a": np.zeros((0, 2))}, ValueError, "voice 'a': needs at least one observation"),
        ([TURNS], {"a": [numbered(1), np.zeros((5, 3))]}, ValueError, r"voice 'a', utterance 1: .* \(T, 2\), but are"),
        ([TURNS], {"a": np.full((3, 2), np.nan)}, ValueError, "voice 'a': observation 0 is not finite"),
    ],
)
def test_bad_turns_and_voices_are_named(turns, voices, error, message):
    with pytest.raises(error, match=message) as raised:
        simulate(turns, voices, seed=0)
    assert isinstance(raised.value, (uisrnn.InputError, uisrnn.InputTypeError))


def test_errors_of_files_tell_the_file(tmp_path):
    path = tmp_path / "some.rttm"
    path.write_text("SPEAKER meeting 1 0 5 <NA> <NA> ann\nSPEAKER meeting 1 5 5 <NA> <NA> bob")
    with pytest.raises(uisrnn.InputError, match=r"some\.rttm, recording meeting: 2 speakers need as many voices"):
        simulate([path], {"one": numbered(1)}, seed=0)
    path.write_text("SPEAKER meeting 1 0 x <NA> <NA> ann")
    with pytest.raises(uisrnn.InputError, match=r"some\.rttm, line 1: the duration must be"):
        simulate([path], VOICES, seed=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"window": 0}, "window must be a number >= 0.001, but is 0"),
        ({"hop": -0.4}, "hop must be a number >= 0.001, but is -0.4"),
        ({"hop": "0.4"}, "hop must be a number >= 0.001, but is '0.4'"),
        ({"voice_hop": 0.5}, "voice_hop must be at most hop=0.4, or observations repeat, but is 0.5"),
        ({"voice_hop": float("nan")}, "voice_hop must be a number >= 0.001, but is nan"),
        ({"number": 0}, "number must be an integer >= 1, but is 0"),
        ({"number": 1.0}, "number must be an integer >= 1, but is 1.0"),
        ({"number": 10**30}, "number must be an integer >= 1"),
        ({"max_length": 0}, "max_length must be an integer >= 1, but is 0"),
        ({"max_length": True}, "max_length must be an integer >= 1, but is True"),
        ({"noise": -1}, "noise must be a number >= 0, but is -1"),
        ({"noise": float("inf")}, "noise must be a number >= 0, but is inf"),
        ({"mixing": "no"}, "mixing must be one of True, False, but is 'no'"),
        ({"normalize": 2}, "normalize must be one of True, False, None, but is 2"),
        ({"seed": 1.5}, "seed must be an integer"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(uisrnn.ArgumentError, match=message):
        simulate([TURNS], VOICES, **arguments)


@given(window=st.floats(0.001, 3), ratio=st.floats(1, 10), hop=st.floats(0.05, 2), length=st.integers(1, 30))
def test_any_windows_and_hops_will_do(window, ratio, hop, length):
    voices = {voice: numbered(voice, length) for voice in range(2)}
    x, labels = only(simulate([TURNS], voices, window=window, hop=hop, voice_hop=hop / ratio, seed=0))
    assert len(x) == len(labels)
    assert ((x >= 0) & (x <= [1, length - 1])).all()
