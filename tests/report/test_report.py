"""The report as a browser would read it."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

import uisrnn
from uisrnn.evals import Evaluation, Row, evaluate
from uisrnn.report import write_report
from uisrnn.sequences.labeled import LabeledSequence

TRUTH = {"call": [(0, 50, "ann"), (50, 90, "bob")], '<script>"&': [(0, 10, "<i>ann</i>")], "silent": []}
FOUND = {"call": [(0, 60, 0), (60, 95, 1)], '<script>"&': [(0, 9, "]]>")], "silent": []}
VOID = {"meta", "path"}


class Page(HTMLParser):
    """Checks that elements are closed in order, and gathers what is in them."""

    def __init__(self, source):
        super().__init__()
        self.open, self.seen, self.text, self.links, self.ids = [], [], [], [], []
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "xlink:href")]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)


def written(tmp_path, truth, found, **options):
    path = tmp_path / "report.html"
    write_report(path, evaluate(truth, found, **options.pop("conditions", {})), truth, found, **options)
    return path.read_text(encoding="utf-8")


def test_it_has_totals_files_and_timelines(tmp_path):
    source = written(tmp_path, TRUTH, FOUND, title="A <b>title</b>", conditions={"collar": 0.25, "skip_overlap": True})
    page = Page(source)
    text = " ".join(page.text)
    assert "A <b>title</b>" in page.text
    assert "3 files; collar 0.25 s on each side of boundaries of the reference, overlap left out, whole files" in text
    result = evaluate(TRUTH, FOUND, collar=0.25, skip_overlap=True)
    for row in (result["call"], result.total):
        assert f"{100 * row.der:.2f} %" in page.text
    assert '<script>"&' in page.text  # in the table
    assert '<script>"& ' in page.text  # above its timeline
    assert page.seen.count("svg") == 2
    assert "Nobody speaks in the reference, nor in the hypothesis." in page.text
    for name in ("0 (ann)", "1 (bob)", "<i>ann</i>", "]]> (<i>ann</i>)", "missed"):
        assert name in page.text


def test_it_needs_nothing_from_elsewhere(tmp_path):
    source = written(tmp_path, TRUTH, FOUND)
    page = Page(source)
    assert not re.search(r"https?:|url\(|@import|<link|<img|<iframe", source)
    assert page.links == [f"#{name}" for name in page.ids]
    assert page.seen.count("script") == 1


def test_numbers_to_sort_by_are_those_that_are_shown(tmp_path):
    source = written(tmp_path, TRUTH, FOUND)
    body = source[source.index("<tbody>") : source.index("</tbody>")]
    for value, shown in re.findall(r'<td data-v="(.*?)">(.*?)</td>', body):
        if shown == "-":
            assert value == ""
        else:
            number = float(shown.split()[0]) / (100 if shown.endswith("%") else 1)
            assert float(value) == pytest.approx(number, abs=0.06 if shown.endswith("s") else 6e-5)


def test_labels_have_timelines_over_observations(tmp_path):
    page = Page(written(tmp_path, {"a": list("aabb")}, {"a": [0, 0, 0, 1]}))
    assert "observation" in page.text
    assert "accuracy 75.00 %" in page.text
    timed = LabeledSequence(np.zeros((4, 1)), list("aabb"), [0.5, 1.5, 2.5, 3.5], "a")
    assert "time (s)" in Page(written(tmp_path, [timed], {"a": [0, 0, 0, 1]})).text


def meeting(generator):
    """An hour of six speakers with 1500 turns."""
    starts = np.sort(generator.uniform(0, 3600, 1500)).tolist()
    return [(start, start + 1.0, f"speaker {generator.integers(6)}") for start in starts]


def test_its_size_is_bounded(tmp_path, monkeypatch, generator):
    truth, found = {"0": meeting(generator)}, {"0": meeting(generator)}
    assert len(written(tmp_path, truth, found)) < 80_000
    monkeypatch.setattr("uisrnn.report.page._BARS_OF_ALL", 1000)
    row, names = evaluate(truth, found).rows[0], [str(number) for number in range(10)]
    several = Evaluation(tuple(Row.of(name, row.sums) for name in names))
    path = tmp_path / "several.html"
    write_report(path, several, dict.fromkeys(names, truth["0"]), dict.fromkeys(names, found["0"]))
    assert path.stat().st_size < 8000 + 10 * (100 * 16 + 5000)


def test_a_report_of_something_else_is_refused(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(uisrnn.InputError, match="must have the files of the evaluation"):
        write_report(path, evaluate(TRUTH, FOUND), {"call": []}, {"call": []})
    with pytest.raises(uisrnn.InputTypeError, match="evaluation must be an Evaluation, but is dict"):
        write_report(path, {}, TRUTH, FOUND)
    assert path.read_text() == "old"
    with pytest.raises(FileNotFoundError):
        write_report(tmp_path / "none" / "report.html", evaluate(TRUTH, FOUND), TRUTH, FOUND)
    assert list(tmp_path.iterdir()) == [path]


def test_turns_at_the_same_time_are_rows_below_each_other(tmp_path):
    source = written(tmp_path, {"a": [(0, 10, "ann"), (0, 10, "bob")]}, {"a": [(0, 10, 0)]})
    drawn = re.findall(r'<path class="(c0|c1|o|e)" d="M170.0 (\d+)h1000.0"/>', source)
    assert [shade for shade, _y in drawn] == ["c0", "c1", "o", "c0", "e"]
    assert len({y for _shade, y in drawn}) == len(drawn)
    assert Page(source).text.count("overlap") == 1


def test_names_that_are_no_text_are_written_all_the_same(tmp_path):
    assert r"\udc80" in written(tmp_path, {"\udc80": [(0, 1, "\udcff")]}, {"\udc80": []})


def test_speakers_are_matched_in_the_timeline_as_in_the_table(tmp_path):
    truth = {"a": [(0, 10, "ann"), (10, 12, "bob")]}
    found = {"a": [(0, 12, 0)]}
    page = Page(written(tmp_path, truth, found, conditions={"uem": {"a": [(9.5, 12)]}}))
    assert "0 (bob)" in page.text
    assert "0 (ann)" in Page(written(tmp_path, truth, found)).text
