"""What the README shows is what is printed."""

import re
import subprocess
import sys


def test_the_examples_print_what_the_readme_says(repository, tmp_path):
    """All of them in their order, as one program."""
    text = (repository / "README.md").read_text()
    code, output = ("".join(re.findall(rf"```{kind}\n(.*?)```", text, re.S)) for kind in ("python", "text"))
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == output
    assert done.stderr == ""


def test_every_link_leads_somewhere(repository):
    for page in ("README.md", "CONTRIBUTING.md", "docs/architecture.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", (repository / page).read_text()):
            assert link.startswith("https://") or (repository / page).parent.joinpath(link).exists(), link


def test_the_architecture_page_knows_every_module(repository):
    page = (repository / "docs" / "architecture.md").read_text()
    for path in (repository / "src" / "uisrnn").rglob("*.py"):
        if path.name != "__init__.py" and path.parent.name != "contrib":
            assert path.name in page, path
