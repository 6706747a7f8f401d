"""Words that plain English avoids: how often they stand in docstrings, pages, messages and code.

    python tests/words.py                   # a row for each kind of text, and a row for the docstrings of each room
    python tests/words.py --tree FOLDER     # the same for another checkout

The rates are for 1000 words; packed assignments (`a, b = x, y`) are for 1000 lines of code.
"""

import argparse
import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
COUNTED = {
    "one": re.compile(r"\bone\b", re.IGNORECASE),
    "what": re.compile(r"\bwhat\b", re.IGNORECASE),
    "that of": re.compile(r"\b(?:that|those) of\b", re.IGNORECASE),
    "where": re.compile(r"\bwhere\b", re.IGNORECASE),
}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def without_code(page: str) -> str:
    """The prose of a Markdown page: no blocks of code, no code within lines, no addresses of links."""
    page = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    page = re.sub(r"^ {4}.*$", "", page, flags=re.MULTILINE)
    return re.sub(r"`[^`]*`|\]\([^)]*\)", "", page)


def docstrings(tree: ast.AST) -> Iterator[str]:
    """The docstrings in a file."""
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node)):
            yield text


def messages(tree: ast.AST) -> Iterator[str]:
    """The texts of the errors that a file raises."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            for part in ast.walk(node.exc):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def helps(tree: ast.AST) -> Iterator[str]:
    """The texts that a command shows as help: values of `help=`, and docstrings."""
    yield from docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "help" and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


def packed_assignments(tree: ast.AST) -> int:
    """How many statements assign several values to several names at once."""
    return sum(
        isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple)
        for node in ast.walk(tree)
    )


def variables_named_one(tree: ast.AST) -> int:
    """How many bindings have the name `one`."""
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return sum(name.id == "one" and isinstance(name.ctx, ast.Store) for name in names)


def rates(texts: list[str]) -> dict[str, float]:
    """How often each word stands in 1000 words."""
    joined = "\n".join(texts)
    count = max(len(re.findall(r"[A-Za-z']+", joined)), 1)
    return {word: 1000 * len(pattern.findall(joined)) / count for word, pattern in COUNTED.items()}


@cache
def parsed_files(tree: Path) -> dict[Path, ast.AST]:
    """The parsed files of the library, by their paths below src/uisrnn."""
    package = tree / "src" / "uisrnn"
    return {path.relative_to(package): ast.parse(path.read_text()) for path in sorted(package.rglob("*.py"))}


def texts_of(tree: Path) -> dict[str, list[str]]:
    """Each kind of text in a checkout."""
    files = parsed_files(tree)
    commands = [parsed for path, parsed in files.items() if path.parts[0] in ("cli", "arguments.py")]
    return {
        "docstrings": [text for parsed in files.values() for text in docstrings(parsed)],
        "errors": [text for parsed in files.values() for text in messages(parsed)],
        "help of commands": [text for parsed in commands for text in helps(parsed)],
        "README": [without_code((tree / "README.md").read_text())],
        "pages": [without_code(path.read_text()) for path in sorted((tree / "docs").rglob("*.md"))],
    }


def packed_in_1000_lines(tree: Path) -> float:
    """Packed assignments in 1000 lines of the library."""
    lines = sum(len(path.read_text().splitlines()) for path in (tree / "src" / "uisrnn").rglob("*.py"))
    return 1000 * sum(map(packed_assignments, parsed_files(tree).values())) / lines


def table(tree: Path) -> Iterator[str]:
    """The lines of the table for a checkout."""
    yield f"{'text':24} " + " ".join(f"{word:>8}" for word in COUNTED)
    rooms: dict[str, list[str]] = {}
    for path, parsed in parsed_files(tree).items():
        rooms.setdefault(f"  {path.parts[0]}", []).extend(docstrings(parsed))
    for name, texts in (texts_of(tree) | rooms).items():
        yield f"{name:24} " + " ".join(f"{rate:8.1f}" for rate in rates(texts).values())
    yield f"packed assignments in 1000 lines: {packed_in_1000_lines(tree):.1f}"
    yield f"variables named `one`: {sum(map(variables_named_one, parsed_files(tree).values()))}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, default=REPOSITORY, help="a checkout of the project")
    print("\n".join(table(parser.parse_args().tree)))


if __name__ == "__main__":
    main()
