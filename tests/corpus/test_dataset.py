"""What is read once and never all in memory: the same as in memory, or an error that says where."""

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import uisrnn
from uisrnn import LabeledSequence
from uisrnn.corpus.corpus import Corpus
from uisrnn.corpus.dataset import Dataset
from uisrnn.formats import load_sequences, save_sequences
from uisrnn.progress import Silent
from uisrnn.sequences.coded import labeled

SUFFIXES = {"npz": ".npz", "parquet": ".parquet", "jsonl": ".jsonl"}


@pytest.fixture(params=SUFFIXES)
def suffix(request):
    """Of the files of a folder with shards."""
    if request.param == "parquet":
        pytest.importorskip("pyarrow")
    return SUFFIXES[request.param]


def calls(generator, lengths=(5, 1, 7, 3, 4), dim=3):
    """Sequences, with labels of both types, of which some are in several."""
    return [
        LabeledSequence(
            generator.normal(size=(length, dim)),
            [["ann", "bob", f"caller {number}", "7"][one] for one in generator.integers(4, size=length)],
            np.arange(length) * 0.5,
            f"call {number}",
        )
        for number, length in enumerate(lengths)
    ]


def shards(folder, sequences, suffix, size=2):
    """A folder with so many sequences a file."""
    folder.mkdir(exist_ok=True)
    for start in range(0, len(sequences), size):
        save_sequences(folder / f"{start}{suffix}", sequences[start : start + size])
    return folder


def require_same(corpus, sequences):
    """That a corpus is the one of sequences in memory."""
    expected = Corpus.of(labeled(sequences)[0])
    assert list(corpus.names) == list(expected.names)
    assert corpus.fingerprint() == expected.fingerprint()
    assert corpus.blocks.codes.tolist() == expected.blocks.codes.tolist()


# What comes, and where from


def test_shards_give_what_memory_gives(tmp_path, generator, suffix):
    made = calls(generator)
    with Dataset(shards(tmp_path / "calls", made, suffix)).staged(3) as corpus:
        require_same(corpus, made)


def test_reading_tells_how_far_it_is(generator):
    class Counted(Silent):
        read, is_over = 0, False

        def advance(self, steps=1, **figures):
            self.read += steps

        def __exit__(self, *error):
            self.is_over = True

    made, counted = calls(generator), Counted()
    with Dataset(iter(made)).staged(progress=counted):
        assert counted.read == sum(map(len, made))
        assert counted.is_over


@pytest.mark.parametrize("as_source", [list, tuple, iter, lambda made: (one for one in made)])
def test_anything_sequences_can_be_taken_from(generator, as_source):
    made = calls(generator)
    dataset = Dataset(as_source(made))
    with dataset.staged() as corpus:
        require_same(corpus, made)


def test_paths_are_put_together(tmp_path, generator):
    made = calls(generator)
    folder = shards(tmp_path / "calls", made[:3], ".npz")
    save_sequences(tmp_path / "more.jsonl", made[3:])
    with Dataset([str(folder), tmp_path / "more.jsonl"]).staged() as corpus:
        require_same(corpus, made)


def test_turns_label_what_is_read(tmp_path):
    call = LabeledSequence([[1], [2], [3]], times=[0.5, 1.5, 2.5], name="call")
    save_sequences(tmp_path / "a.npz", [call])
    (tmp_path / "a.rttm").write_text("SPEAKER call 1 0 1 <NA> <NA> ann <NA> <NA>\n")
    for source in (tmp_path / "a.npz", [call]):
        found = list(Dataset(source, rttm=tmp_path / "a.rttm", silence="mark").sequences())
        assert [one.labels for one in found] == [("ann", "<silence>", "<silence>")]


def test_files_and_lists_are_read_again_but_iterators_are_not(tmp_path, generator):
    made = calls(generator)
    for source in (shards(tmp_path / "calls", made, ".npz"), made):
        dataset = Dataset(source)
        for _ in range(2):
            assert [one.name for one in dataset.sequences()] == [one.name for one in made]
    dataset = Dataset(iter(made))
    assert len(list(dataset.sequences())) == len(made)
    with pytest.raises(uisrnn.InputError, match="must be there again, but come from an iterator that was used"):
        list(dataset.sequences())


@pytest.mark.parametrize("size", [1, 2, 3])
def test_shares_have_all_sequences_between_them(generator, size):
    made = calls(generator)
    for rank in range(size):
        with Dataset(iter(made)).staged(share=(rank, size)) as corpus:
            for one, other in zip(corpus, made[rank::size], strict=True):
                assert one.name == other.name
                assert tuple(corpus.known[code] for code in one.labels) == other.labels
                assert (one.observations == other.observations).all()


@pytest.mark.parametrize("size", [1, 2, 3])
def test_shares_of_shards_are_shards_that_follow_each_other(generator, tmp_path, size):
    made = calls(generator)
    for shard in range(3):
        uisrnn.save_sequences(tmp_path / f"{shard}.jsonl", made[shard::3])
    found = []
    for rank in range(size):
        with Dataset([tmp_path / "0.jsonl", tmp_path / "1.jsonl", tmp_path / "2.jsonl"]).staged(
            share=(rank, size)
        ) as corpus:
            found.append([one.name for one in corpus])
        with Dataset(tmp_path).staged(share=(rank, size)) as corpus:
            assert [one.name for one in corpus] == found[-1]
    assert sum(found, []) == [one.name for shard in range(3) for one in made[shard::3]]
    assert len(found) == size
    assert all(found)


def test_a_share_of_shards_reads_no_other(generator, tmp_path):
    for shard, one in enumerate(calls(generator)[:2]):
        uisrnn.save_sequences(tmp_path / f"{shard}.jsonl", [one])
    (tmp_path / "0.jsonl").write_text("no sequence")
    with Dataset(tmp_path).staged(share=(1, 2)) as corpus:
        assert len(corpus) == 1
    with pytest.raises(uisrnn.InputError, match=r"0\.jsonl"), Dataset(tmp_path).staged(share=(0, 2)):
        pass


def test_a_share_needs_a_sequence(generator):
    with (
        pytest.raises(uisrnn.InputError, match=r"share 5 of 6\): at least one sequence is needed"),
        Dataset(calls(generator)).staged(share=(5, 6)),
    ):
        pass


def test_one_sequence_is_taken_at_a_time(generator):
    taken = []

    def coming():
        for one in calls(generator):
            taken.append(one.name)
            yield one

    sequences = Dataset(coming()).sequences()
    assert taken == []
    assert [(next(sequences).name, len(taken)) for _ in range(3)] == [("call 0", 1), ("call 1", 2), ("call 2", 3)]


def test_a_dataset_of_files_travels_to_other_processes(tmp_path, generator):
    made = calls(generator)
    dataset = pickle.loads(pickle.dumps(Dataset(shards(tmp_path / "calls", made, ".npz"), on_error="skip")))
    with dataset.staged() as corpus:
        require_same(corpus, made)


def test_the_observations_are_given_back(tmp_path, generator):
    with Dataset(calls(generator), scratch=tmp_path).staged() as corpus:
        assert corpus.read(0).observations.shape == (5, 3)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="closed"):
        corpus.read(0)


# What a dataset is made of


@pytest.mark.parametrize(
    "value",
    [
        [np.zeros((2, 1))], (), np.zeros((2, 1)), torch.zeros(2, 1), {"a": 1}, {1}, b"calls", None, 3,
        LabeledSequence([[1]]),
    ],
)  # fmt: skip
def test_what_is_in_memory_is_no_dataset(value):
    assert Dataset.of(value) is None


def test_what_fit_takes_as_one(tmp_path):
    dataset = Dataset(tmp_path)
    assert Dataset.of(dataset) is dataset
    for value in ("calls", tmp_path, iter([]), map(str, []), (one for one in [])):
        assert isinstance(Dataset.of(value), Dataset)


@pytest.mark.parametrize("source", [None, 3, b"calls", np.zeros((2, 1)), {"a": 1}, LabeledSequence([[1]])])
def test_a_source_is_needed(source):
    with pytest.raises(uisrnn.InputTypeError, match="source must be a path, a list of paths or an iterable of Labeled"):
        Dataset(source)


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        ("calls", {"on_error": "ignore"}, "on_error must be one of stop, skip, but is 'ignore'"),
        ("calls", {"on_error": None}, "on_error must be one of stop, skip, but is None"),
        ("calls", {"silence": "loud"}, "silence must be one of"),
        ("calls", {"overlap": 3}, "overlap must be one of"),
        ("calls", {"format": "csv"}, "format must be one of npz, parquet, jsonl, kaldi, npy, but is 'csv'"),
        ([], {"format": "npz"}, "format must be None if the source is not a path, but is 'npz'"),
        ("calls", {"rttm": 3}, "rttm must be the path of a file, but is 3"),
        ("calls", {"scratch": "nowhere"}, "scratch must be a folder that is there, but is 'nowhere'"),
        ("calls", {"scratch": 3}, "scratch must be a folder that is there, but is 3"),
    ],
)
def test_arguments_are_checked_before_anything_is_read(source, arguments, message):
    with pytest.raises(uisrnn.ArgumentError, match=message):
        Dataset(source, **arguments)


def test_sequences_are_loaded_with_the_turns_of_a_path():
    with pytest.raises(uisrnn.ArgumentError, match="rttm must be the path of a file, but is 3"):
        load_sequences("calls", rttm=3)


# What is wrong


def truncated(path):
    path.write_bytes(path.read_bytes()[:-20])


def of_another_dimension(path):
    save_sequences(path, [LabeledSequence([[1, 2]], ["ann"], name="call 2")])


def locked(path):
    path.unlink()
    path.symlink_to("nowhere")


DAMAGES = [truncated, of_another_dimension, locked]


@pytest.mark.parametrize("on_error", ["stop", "skip"])
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("number", [0, 2, 4])
def test_a_damaged_shard_stops_the_pass_or_is_left_out_as_a_whole(
    tmp_path, generator, suffix, damage, number, on_error
):
    made = calls(generator)
    bad = shards(tmp_path / "calls", made, suffix) / f"{number}{suffix}"
    damage(bad)
    dataset = Dataset(tmp_path / "calls", on_error=on_error)
    if on_error == "stop":
        is_first = damage is of_another_dimension and number == 0  # then it is the second that differs
        with pytest.raises((uisrnn.InputError, OSError), match=re.escape(str(bad.with_stem("2") if is_first else bad))):
            list(dataset.sequences())
        return
    with dataset.staged(3) as corpus:
        require_same(corpus, made[:number] + made[number + 2 :])
    [skipped] = dataset.skipped
    assert skipped.name == str(bad)
    assert str(bad) in skipped.why


@pytest.mark.parametrize("dim", [None, 3])
def test_a_damaged_shard_does_not_say_the_dimension(tmp_path, generator, suffix, dim):
    made = calls(generator)
    folder = shards(tmp_path / "calls", made, suffix, size=1)
    save_sequences(folder / f"0{suffix}", [LabeledSequence(np.ones((6000, 2)), name="call 0")])
    truncated(folder / f"0{suffix}")
    dataset = Dataset(folder, on_error="skip")
    with dataset.staged(dim) as corpus:
        require_same(corpus, made[1:])
    assert len(dataset.skipped) == 1


def test_the_first_whole_shard_says_the_dimension_if_nobody_else(tmp_path, generator):
    folder = shards(tmp_path / "calls", calls(generator), ".npz")
    of_another_dimension(folder / "0.npz")
    dataset = Dataset(folder, on_error="skip")
    assert [one.observations.shape for one in dataset.sequences()] == [(1, 2)]
    assert [one.why for one in dataset.skipped] == [
        f"{folder / name}: {call}: observations must be (T, 2) as those before, but are {shape}"
        for name, call, shape in (("2.npz", "call 2", (7, 3)), ("4.npz", "call 4", (4, 3)))
    ]
    assert len(list(dataset.sequences(3))) == 3
    assert [one.why for one in dataset.skipped] == [
        f"{folder / '0.npz'}: call 2: observations must be (T, 3), but are (1, 2)"
    ]


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_a_sequence_in_two_shards_keeps_what_is_in_the_whole_one(tmp_path, suffix):
    for number in range(2):
        save_sequences(tmp_path / f"{number}{suffix}", [LabeledSequence([[number]] * 2, ["ann", "bob"], name="call")])
    with Dataset(tmp_path).staged() as corpus:
        assert [one.observations[:, 0].tolist() for one in corpus] == [[0, 0, 1, 1]]
    truncated(tmp_path / f"1{suffix}")
    with Dataset(tmp_path, on_error="skip").staged() as corpus:
        assert [one.observations[:, 0].tolist() for one in corpus] == [[0, 0]]


def test_nothing_left_is_an_error_with_the_first_reason(tmp_path, generator, suffix):
    folder = shards(tmp_path / "calls", calls(generator), suffix)
    for one in folder.iterdir():
        truncated(one)
    with (
        pytest.raises(uisrnn.InputError, match=r"calls: at least one sequence is needed, .*; 3 skipped, the first bec"),
        Dataset(folder, on_error="skip").staged(),
    ):
        pass


def test_shards_that_contradict_each_other_stop_it_always(tmp_path):
    for name in ("a", "b"):
        save_sequences(tmp_path / f"{name}.npz", [LabeledSequence([[1]], ["ann"], name="call")])
    with pytest.raises(uisrnn.InputError, match=r"b\.npz: must not have 'call', as .*a\.npz has a sequence of that na"):
        list(Dataset(tmp_path, on_error="skip").sequences())


@pytest.mark.parametrize("on_error", ["stop", "skip"])
def test_a_path_that_is_not_there_is_no_shard(tmp_path, generator, on_error):
    save_sequences(tmp_path / "a.npz", calls(generator))
    with pytest.raises(FileNotFoundError, match=r"b\.npz"):
        list(Dataset([tmp_path / "a.npz", tmp_path / "b.npz"], on_error=on_error).sequences())


BAD = [
    (np.ones((2, 3)), uisrnn.InputTypeError, "sequence 1: must be a LabeledSequence, but is ndarray"),
    (None, uisrnn.InputTypeError, "sequence 1: must be a LabeledSequence, but is NoneType"),
    (
        LabeledSequence([[1, 2]], ["ann"], name="bad"),
        uisrnn.InputError,
        "sequence 1: bad: observations must be (T, 3) as those before, but are (1, 2)",
    ),
    (
        LabeledSequence([[1, 2, 3]], name="bad"),
        uisrnn.InputError,
        "sequence 1: bad: labels are needed, but it has none",
    ),
]


@pytest.mark.parametrize(("bad", "error", "message"), BAD)
def test_a_bad_sequence_stops_the_pass_or_is_left_out(generator, bad, error, message):
    made = calls(generator)
    given = [made[0], bad, *made[1:]]
    with pytest.raises(error, match=re.escape(message)), Dataset(given).staged():
        pass
    dataset = Dataset(given, on_error="skip")
    with dataset.staged() as corpus:
        require_same(corpus, made)
    assert [one.why for one in dataset.skipped] == [message]


def test_a_sequence_of_a_file_that_has_no_labels_is_named_with_the_file(tmp_path, generator):
    made = calls(generator)
    save_sequences(tmp_path / "a.npz", [made[0], LabeledSequence([[1, 2, 3]], name="bad"), *made[1:]])
    with (
        pytest.raises(uisrnn.InputError, match=r"a\.npz: bad: labels are needed, but it has none"),
        Dataset(tmp_path / "a.npz").staged(),
    ):
        pass
    dataset = Dataset(tmp_path / "a.npz", on_error="skip")
    with dataset.staged() as corpus:
        require_same(corpus, made)
    assert len(list(dataset.sequences())) == len(made) + 1
    assert dataset.skipped == []


def test_sequences_without_labels_alone_are_none():
    with (
        pytest.raises(
            uisrnn.InputError, match=r"at least one sequence is needed, .*; 2 skipped, the first because: seq"
        ),
        Dataset([LabeledSequence([[1]]), LabeledSequence([[2]])], on_error="skip").staged(),
    ):
        pass


def test_a_sequence_that_cannot_be_labelled_is_left_out(tmp_path):
    made = [LabeledSequence([[1]], times=[0.5], name=name) for name in ("a", "b", "c")]
    (tmp_path / "a.rttm").write_text("".join(f"SPEAKER {name} 1 0 1 <NA> <NA> ann <NA> <NA>\n" for name in "ac"))
    dataset = Dataset(made, rttm=tmp_path / "a.rttm", on_error="skip")
    assert [one.name for one in dataset.sequences()] == ["a", "c"]
    assert ["must have the turns of 'b', but has a, c" in one.why for one in dataset.skipped] == [True]


@pytest.mark.parametrize("on_error", ["stop", "skip"])
def test_an_error_of_who_brings_sequences_is_his(generator, on_error):
    def coming():
        yield calls(generator)[0]
        raise RuntimeError("the line is dead")

    with pytest.raises(RuntimeError, match="the line is dead"), Dataset(coming(), on_error=on_error).staged():
        pass


@pytest.mark.parametrize("on_error", ["stop", "skip"])
def test_no_sequence_is_an_error(on_error):
    with pytest.raises(uisrnn.InputError, match=r"^sequences: at least one sequence is needed, but there is none$"):
        list(Dataset([], on_error=on_error).sequences())


def test_a_missing_package_is_no_damage(tmp_path, monkeypatch):
    (tmp_path / "a.parquet").touch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(uisrnn.MissingExtraError, match=r"uisrnn\[parquet\]"):
        list(Dataset(tmp_path, on_error="skip").sequences())


FULL = """
import resource, sys
from uisrnn.corpus.dataset import Dataset
from uisrnn import LabeledSequence

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
calls = (LabeledSequence([[number] * 4] * 1000, ["ann"] * 1000) for number in range(99))
try:
    with Dataset(calls, on_error=sys.argv[2], scratch=sys.argv[1]).staged():
        pass
except OSError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are those of POSIX")
@pytest.mark.parametrize("on_error", ["stop", "skip"])
@pytest.mark.slow
def test_a_full_disk_stops_it_always(tmp_path, on_error):
    command = [sys.executable, "-c", FULL, str(tmp_path), on_error]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "File too large" in done.stdout
    assert str(tmp_path) in done.stdout
    assert os.listdir(tmp_path) == []


PEAK = """
import re, sys
from pathlib import Path
from uisrnn.corpus.dataset import Dataset

def peak():  # of this process alone; getrusage has that of the one that started it, if higher
    return int(re.search("VmHWM: *\\t *(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024

for folder in sys.argv[1:]:
    with Dataset(folder).staged() as corpus:
        for one in corpus:
            pass
    print(peak())
"""


def npz_shards(folder, number):
    for shard in range(number):
        rows = np.random.default_rng(shard).random((8000, 256), np.float32)
        np.savez(folder / f"{shard}.npz", embeddings=rows, labels=np.arange(8000) // 20, lengths=[2000] * 4)


def one_parquet_file(folder, number):
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    rows = np.random.default_rng(0).random((8000 * number, 256), np.float32)
    embedding = arrow.FixedSizeListArray.from_arrays(arrow.array(rows.ravel()), 256)
    columns = {"sequence": np.arange(len(rows)) // 2000, "label": np.arange(len(rows)) // 20, "embedding": embedding}
    parquet.write_table(arrow.table(columns), folder / "all.parquet")  # in one row group


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is that of Linux")
@pytest.mark.parametrize("write", [npz_shards, one_parquet_file])
@pytest.mark.slow
def test_memory_does_not_grow_with_the_data(tmp_path, write):
    folders = [(tmp_path / "small", 2), (tmp_path / "large", 10)]  # times 8 MB
    for folder, number in folders:
        folder.mkdir()
        write(folder, number)
    command = [sys.executable, "-c", PEAK, *(str(folder) for folder, _number in folders)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    small, large = map(int, done.stdout.split())
    assert large - small < 40  # MiB, of 64


def test_staged_is_what_load_sequences_gives(tmp_path, generator, suffix):
    folder = shards(tmp_path / "calls", calls(generator), suffix)
    with Dataset(folder).staged() as corpus:
        require_same(corpus, load_sequences(folder))
