"""`uisrnn predict`, of files and of pipes."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

import uisrnn
from commands import assert_one_line
from uisrnn import parallel
from uisrnn.distributed import connect


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


def as_jsonl(sequence):
    rows = zip(sequence.observations.tolist(), sequence.times.tolist(), strict=True)
    return "".join(json.dumps({"sequence": sequence.name, "time": t, "embedding": x}) + "\n" for x, t in rows)


@pytest.fixture(scope="module")
def expected(model, meetings):
    return uisrnn.UISRNN.from_file(model).predict(meetings, uisrnn.InferenceArguments(test_iteration=1))


def test_labels_are_json_lines(program, model, data, meetings, expected):
    done = program("predict", model, data)
    assert done.code == 0, done.err
    lines = lines_of(done.out)
    assert [one["label"] for one in lines] == [label for labels in expected for label in labels]
    assert lines[1] == {"sequence": "meeting0", "position": 1, "time": 0.8, "label": 0, "final": True}


def test_turns_are_rttm(cli, model, data, tmp_path, meetings, expected):
    printed = cli("predict", model, data, "--out", "rttm").out
    assert cli("predict", model, data, "--out", tmp_path / "out.rttm").code == 0
    assert (tmp_path / "out.rttm").read_text() == printed
    recordings = uisrnn.read_rttm(tmp_path / "out.rttm")
    assert list(recordings) == [one.name for one in meetings]
    turns = uisrnn.to_turns(expected[0], meetings[0].times)
    assert np.allclose([one[:2] for one in recordings["meeting0"]], [one[:2] for one in turns])


def test_turns_of_observations_of_one_time_overlap(cli, model, meetings, tmp_path):
    times = np.repeat(np.arange(len(meetings[0]) // 2) + 0.5, 2)
    call = uisrnn.LabeledSequence(meetings[0].observations[: len(times)], times=times, name="call")
    uisrnn.save_sequences(tmp_path / "call.npz", [call])
    done = cli("predict", model, tmp_path / "call.npz", "--out", tmp_path / "call.rttm")
    assert done.code == 0, done.err
    turns = uisrnn.read_rttm(tmp_path / "call.rttm")["call"]
    for center in times.tolist():
        assert len({speaker for start, end, speaker in turns if start <= center < end}) == 2


@pytest.mark.parametrize("suffix", [".npz", ".jsonl", ".parquet"])
def test_sequences_are_written_with_their_new_labels(cli, model, data, tmp_path, expected, suffix):
    assert cli("predict", model, data, "--out", tmp_path / f"out{suffix}").code == 0
    found = uisrnn.load_sequences(tmp_path / f"out{suffix}")
    assert [list(one.labels) for one in found] == expected


def test_a_pipe_gives_every_observation_a_final_label(program, model, meetings):
    done = program("predict", model, "-", stdin=as_jsonl(meetings[0]) + as_jsonl(meetings[1]))
    assert done.code == 0, done.err
    lines = lines_of(done.out)
    loaded = uisrnn.UISRNN.from_file(model)
    for meeting in meetings[:2]:
        final = [one for one in lines if one["sequence"] == meeting.name and one["final"]]
        stream = loaded.stream()
        told = [stream.push(meeting.observations).final, stream.flush().final]
        assert {one["position"]: one["label"] for one in final} == {**told[0], **told[1]}
        assert sorted(one["position"] for one in final) == list(range(len(meeting)))
        assert {one["position"]: one["time"] for one in final} == dict(enumerate(meeting.times.tolist()))


@pytest.mark.parametrize("source", ["a pipe", "a file"])
def test_observations_of_one_time_get_different_labels(cli, model, meetings, tmp_path, monkeypatch, source):
    alike = np.repeat(meetings[0].observations[:4], 2, axis=0)
    meeting = uisrnn.LabeledSequence(alike, times=np.repeat(np.arange(4.0), 2), name="hall")
    (tmp_path / "hall.jsonl").write_text(as_jsonl(meeting))
    content = (tmp_path / "hall.jsonl").read_bytes().splitlines(keepends=True)
    monkeypatch.setattr("uisrnn.cli.pipe.lines_of_stdin", lambda: content)
    lines = lines_of(cli("predict", model, "-" if source == "a pipe" else tmp_path / "hall.jsonl").out)
    labels = {one["position"]: one["label"] for one in lines if one["final"]}
    assert len(labels) == 8
    assert all(labels[at] != labels[at + 1] for at in (0, 2, 4, 6))


def test_a_pipe_answers_before_it_ends(cli, model, meetings, monkeypatch, capsys):
    """Each observation has a line of its own before the next one is read."""
    counts = []

    def slowly():
        for number, line in enumerate(as_jsonl(meetings[0]).splitlines(keepends=True)):
            counts.append((number, {one["position"] for one in lines_of(capsys.readouterr().out)}))
            yield line.encode()

    monkeypatch.setattr("uisrnn.cli.pipe.lines_of_stdin", slowly)
    assert cli("predict", model, "-").code == 0
    assert all(number - 1 in positions for number, positions in counts[1:])


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{", "line 1"),
        ("[1, 2, 3, 4]\n[1, 2]\n", "line 2"),
        ('[1, 2, 3, 4]\n{"embedding": [1, 2, 3, NaN]}\n', "line 2"),
        ("[1, 2, 3, 4]\n\n{}\n", "line 3"),
        ('"x"\n', "line 1"),
    ],
)
def test_a_bad_line_of_a_pipe_is_named(cli, model, text, part):
    done = cli("predict", model, "-", stdin=text)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert part in done.err


def test_a_model_of_another_dimension_is_named(cli, model, tmp_path):
    path = tmp_path / "wide.npz"
    uisrnn.save_sequences(path, [uisrnn.LabeledSequence(np.ones((3, 5)), name="call")])
    assert_one_line(cli("predict", model, path), 1, "call: observations must be (T, 4), but are (3, 5)")


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (["{model}", "none.npz"], 1, "none.npz"),
        (["none.uisrnn", "{data}"], 1, "none.uisrnn: there is no such file"),
        (["{data}", "{data}"], 1, "meetings.npz"),
        (["{model}", "{model}"], 1, "model.uisrnn"),
        (["{model}", "{data}", "--out", "none/x.npz"], 2, "--out must be a file in a folder that exists"),
        (["{model}", "{data}", "--out", "x.doc"], 2, "--out must be labels, rttm, .rttm or a file of sequences"),
        (["{model}", "{data}", "--set", "train_iteration=3"], 2, "this command has no such argument"),
        (["{model}", "-", "--out", "rttm"], 2, "--out must be labels if observations come from a pipe"),
        (["{model}"], 2, "issing argument"),
        ([], 2, "issing argument"),
    ],
)
def test_what_is_wrong_is_one_line(cli, model, data, words, code, part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = [word.format(model=model, data=data) for word in words]
    assert_one_line(cli("predict", *words), code, part)


def test_rttm_needs_times(cli, model, meetings, tmp_path):
    path = tmp_path / "untimed.npz"
    uisrnn.save_sequences(path, [uisrnn.LabeledSequence(meetings[0].observations, name="call")])
    assert_one_line(
        cli("predict", model, path, "--out", "rttm"), 1, "call: turns need labels and times (--hop SECONDS gives times)"
    )
    assert cli("predict", model, path, "--out", "rttm", "--hop", 0.4).out.startswith("SPEAKER call 1 0")


def test_one_observation_is_a_turn_of_one_hop(cli, model, tmp_path):
    uisrnn.save_sequences(tmp_path / "one.npz", [uisrnn.LabeledSequence(np.ones((1, 4)), name="call")])
    done = cli("predict", model, tmp_path / "one.npz", "--out", "rttm", "--hop", 0.4)
    assert done.out == "SPEAKER call 1 0.000 0.400 <NA> <NA> 0 <NA> <NA>\n"


def test_a_dash_is_the_standard_output(cli, model, data):
    assert cli("predict", model, data, "--out", "-").out == cli("predict", model, data).out


def test_a_name_without_suffix_is_a_kaldi_folder(cli, model, data, tmp_path):
    assert cli("predict", model, data, "--out", tmp_path / "kaldi").code == 0
    assert len(uisrnn.load_sequences(tmp_path / "kaldi")) == 12


def test_true_labels_are_not_replaced_by_found_ones(cli, model, data):
    before = data.read_bytes()
    assert_one_line(cli("predict", model, data, "--out", data), 2, "--out must not be the data")
    assert data.read_bytes() == before


def test_names_become_words_in_rttm(cli, model, meetings, tmp_path):
    path = tmp_path / "names.npz"
    uisrnn.save_sequences(path, [replace(meetings[0], name="my meeting")])
    assert cli("predict", model, path, "--out", "rttm").out.startswith("SPEAKER my_meeting 1 ")
    uisrnn.save_sequences(path, [replace(meetings[0], name="a b"), replace(meetings[1], name="a_b")])
    assert_one_line(cli("predict", model, path, "--out", "rttm"), 1, "another recording has the same name 'a_b'")


@pytest.mark.slow
def test_streams_that_are_closed_do_no_harm(model):
    program = f"{sys.executable} -c 'from uisrnn.cli import main; main()'"
    done = subprocess.run(["bash", "-c", f"{program} predict {model} - <&-"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = subprocess.run(["bash", "-c", f"{program} info none.npz 2>&-"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.slow
def test_an_interrupt_while_decoding_is_one_line(model, data, tmp_path):
    program = [sys.executable, "-c", "from uisrnn.cli import main; main()", "predict", model, data]
    running = subprocess.Popen([*program, "--set", "test_iteration=100000000"], stderr=subprocess.PIPE, text=True)
    time.sleep(6)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 1
    assert errors.splitlines()[-1].startswith("uisrnn: interrupted")


# --- on a cluster ---


@pytest.fixture(scope="module", params=[pytest.param(2, marks=pytest.mark.slow)])
def workers(request):
    """A cluster of this machine, which commands run in this process find and use; tests that need it are slow."""
    with connect(None, request.param) as number:
        yield number


@pytest.fixture(scope="module")
def shards(meetings, tmp_path_factory):
    """The sequences as workers read them."""
    path = tmp_path_factory.mktemp("data") / "meetings.parquet"
    uisrnn.save_sequences(path, meetings)
    return path


@pytest.mark.slow
def test_a_cluster_prints_what_is_printed_without(installed, cli, model, shards):
    """Nothing else is printed: Ray is silent."""
    done = installed("predict", "--ray", model, shards, "--workers", 2)
    assert (done.code, done.err) == (0, "")
    assert done.out == cli("predict", model, shards).out


def test_turns_from_a_cluster(workers, cli, model, shards, tmp_path):
    done = cli("predict", model, shards, "--ray", "--out", tmp_path / "out.rttm", "--min-turn", 0.5)
    assert (done.code, done.out) == (0, "")
    assert (tmp_path / "out.rttm").read_text() == cli("predict", model, shards, "--out=rttm", "--min-turn=0.5").out


def test_a_folder_from_a_cluster(workers, cli, model, shards, tmp_path, expected):
    done = cli("predict", model, f"file://{shards}", "--out", tmp_path / "out", "--embeddings", "--ray")
    assert (done.code, done.out, done.err) == (0, "", f"wrote {tmp_path}/out\n")
    assert [list(one.labels) for one in uisrnn.load_sequences(tmp_path / "out")] == expected


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (["{shards}", "--workers", "2"], 2, "--workers and --embeddings need --ray"),
        (["{shards}", "--ray", "--on-error", "weep"], 2, "on_error must be one of stop, skip, but is 'weep'"),
        (["{shards}", "--ray=nowhere"], 2, "must be host:port or ray://host:port, but is 'nowhere'"),
        (["{shards}", "--ray", "nowhere:port"], 2, "must be host:port or ray://host:port, but is 'nowhere:port'"),
        (["{shards}", "--ray", "--out", "x.npz"], 2, "out must be a folder, for Parquet files, or an .rttm file"),
        (["{shards}", "--ray", "--out", "none/x.rttm"], 2, "--out must be labels, rttm, .rttm or a file of sequences"),
        (["-", "--ray"], 2, "--ray reads Parquet and computes on CPUs"),
        (["{shards}", "--ray", "--device", "cuda"], 2, "--ray reads Parquet and computes on CPUs"),
        (["{shards}", "--ray", "--commit-lag", "5"], 2, "--ray reads Parquet and computes on CPUs"),
    ],
)
def test_what_is_wrong_with_a_cluster_is_one_line(cli, model, shards, words, code, part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert_one_line(cli("predict", model, *(word.format(shards=shards) for word in words)), code, part)


@pytest.mark.slow
def test_an_address_where_nobody_listens_is_one_line(installed, model, shards):
    """In a process of its own, for this one may be connected to a cluster already."""
    done = installed("predict", model, shards, "--ray", "127.0.0.1:1")
    assert_one_line(done, 1, "127.0.0.1:1: no Ray cluster can be reached there")


def test_what_is_no_parquet_is_told_by_a_cluster(workers, cli, model, data):
    assert_one_line(cli("predict", model, data, "--ray"), 1, f"{data}: is not a whole Parquet file")


def test_a_bad_shard_stops_or_is_left_out(cli, model, meetings, tmp_path):
    folder = tmp_path / "shards"
    folder.mkdir()
    for number in range(2):
        uisrnn.save_sequences(folder / f"{number}.jsonl", meetings[number : number + 1])
    (folder / "0.jsonl").write_text("{")
    assert_one_line(cli("predict", model, folder), 1, "0.jsonl, line 1")
    done = cli("predict", model, folder, "--on-error", "skip", "--out", "rttm")
    assert done.code == 0
    assert "left out: " in done.err
    assert {line.split()[1] for line in done.out.splitlines()} == {meetings[1].name}


def test_threads_are_limited_for_the_time_of_the_command(cli, model, data, monkeypatch):
    limits = []

    def predict(self, sequences, args):
        limits.append(parallel.most_threads())
        return [[0] * len(sequence) for sequence in sequences]

    monkeypatch.setattr(parallel, "usable_cores", lambda: 8)
    monkeypatch.setattr(uisrnn.UISRNN, "predict", predict)
    before = parallel.most_threads(), torch.get_num_threads()
    assert cli("predict", model, data, "--threads", "3").code == 0
    monkeypatch.setenv("UISRNN_THREADS", "5")
    assert cli("predict", model, data).code == 0
    assert cli("predict", model, data, "--threads", "3").code == 0
    monkeypatch.delenv("UISRNN_THREADS")
    assert limits == [3, 5, 3]
    assert (parallel.most_threads(), torch.get_num_threads()) == before


def test_a_wrong_number_of_threads_is_a_wrong_use(cli, model, data, monkeypatch):
    assert_one_line(cli("predict", model, data, "--threads", "0"), 2, "--threads")
    monkeypatch.setenv("UISRNN_THREADS", "many")
    assert_one_line(cli("predict", model, data), 2, "UISRNN_THREADS must be an integer >= 1, but is 'many'")
