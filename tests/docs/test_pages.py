"""What the pages show is what is printed; what they link to is there."""

import re
from pathlib import Path

import pytest

from pages import Reader, blocks_of
from uisrnn.arguments import OBSERVATION_MODELS
from uisrnn.formats import registry

REPOSITORY = Path(__file__).parents[2]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
SLOW = {"README.md", "tutorial.md", "train.md", "large.md", "diarize.md", "cluster.md"}  # they train for seconds


def _name(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


def _programs():
    for page in PAGES:
        if any(block.language for block in blocks_of(page)):
            yield pytest.param(page, id=_name(page), marks=[pytest.mark.slow] if page.name in SLOW else [])


@pytest.mark.parametrize("page", list(_programs()))
def test_blocks_do_what_the_page_says(page, tmp_path, monkeypatch):
    (tmp_path / "data").symlink_to(REPOSITORY / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "FORMATS", list(registry.FORMATS))  # a page may register a format
    models = dict(OBSERVATION_MODELS)
    try:
        Reader(page).read()
    finally:  # a page may register a model
        for name in OBSERVATION_MODELS.keys() - models.keys():
            del OBSERVATION_MODELS[name]


@pytest.mark.parametrize("page", [*PAGES, REPOSITORY / "CONTRIBUTING.md"], ids=_name)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        assert link.startswith("https://") or (page.parent / link).exists(), link


def test_the_first_page_names_every_extra():
    page = (REPOSITORY / "docs" / "index.md").read_text()
    (section,) = re.findall(
        r"^\[project.optional-dependencies\]\n(.*?)^\[", (REPOSITORY / "pyproject.toml").read_text(), re.M | re.S
    )
    extras = set(re.findall(r"^(\w+) = \[", section, re.M)) - {"dev", "docs"}
    assert extras == set(re.findall(r"`uisrnn\[(\w+)\]`", page)) > set()


def modules_of_the_picture():
    """The modules that the tree of the architecture page names, as paths below src/uisrnn."""
    page = (REPOSITORY / "docs" / "architecture.md").read_text()
    (tree,) = re.findall(r"^    src/uisrnn/\n(.*?)^\S", page, re.M | re.S)
    rooms = [(4, Path())]  # indentation, folder
    for line in tree.splitlines():
        indentation = len(line) - len(line.lstrip())
        if folder := re.match(r" +(\w+)/", line):
            while rooms[-1][0] >= indentation:
                rooms.pop()
            rooms.append((indentation, rooms[-1][1] / folder[1]))
        elif re.match(r" +\w+\.py", line):
            while rooms[-1][0] >= indentation:
                rooms.pop()
        yield from (rooms[-1][1] / name for name in re.findall(r"\w+\.py", line))


def test_the_picture_of_the_house_is_the_house():
    package = REPOSITORY / "src" / "uisrnn"
    modules = {path.relative_to(package) for path in package.rglob("*.py") if path.name != "__init__.py"}
    described = {path for path in modules if path.parent.name != "contrib"}
    assert set(modules_of_the_picture()) == described
