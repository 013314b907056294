"""Documentation text of the installed Python standard library.

Source files are parsed, never imported, so that reading them has no side effects.
"""

import ast
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

from pfi_cli.demo.library_parts import CLIENT_PARTS, PRE_TRAINING_MODULES

SHINGLE_WORDS = 8
_SKIPPED_FOLDERS = {"test", "tests", "idle_test", "turtledemo", "__pycache__"}
_MAXIMUM_WORDS = 70
_MINIMUM_WORDS = 6


def part_names() -> tuple[str, ...]:
    """Name the parts that are given to demo clients."""
    return tuple(CLIENT_PARTS)


@cache
def part_documents(part: str) -> tuple[str, ...]:
    """Read the documentation of one client part: one text per documented object."""
    return module_documents(CLIENT_PARTS[part])


@cache
def pre_training_documents() -> tuple[str, ...]:
    """Read the documentation that pre-training may use.

    Texts that share a run of eight words with any client part are left out.
    """
    taken = set().union(*(shingles(text) for part in CLIENT_PARTS for text in part_documents(part)))
    found = (*module_documents(PRE_TRAINING_MODULES), *topic_documents())
    return tuple(text for text in found if taken.isdisjoint(shingles(text)))


def module_documents(modules: Iterable[str]) -> tuple[str, ...]:
    """Read the docstrings of modules and packages; absent ones are skipped, duplicates dropped."""
    found = (text for name in modules for path in _sources(name) for text in _docstrings(path))
    return tuple(dict.fromkeys(found))


def topic_documents() -> tuple[str, ...]:
    """Read the language reference that comes with ``help()``."""
    topics: dict[str, str] = import_module("pydoc_data.topics").topics
    paragraphs = (text for name in sorted(topics) for text in topics[name].split("\n\n"))
    return tuple(dict.fromkeys(text for text in map(_tidy, paragraphs) if text))


def shingles(text: str) -> set[tuple[str, ...]]:
    """Give every run of eight words in a text, in lower case."""
    words = text.lower().split()
    return {
        tuple(words[start : start + SHINGLE_WORDS])
        for start in range(len(words) - SHINGLE_WORDS + 1)
    }


def _sources(module: str) -> list[Path]:
    root = Path(sysconfig.get_path("stdlib"))
    single = root / f"{module}.py"
    if single.is_file():
        return [single]
    files = sorted((root / module).rglob("*.py"))
    return [path for path in files if _SKIPPED_FOLDERS.isdisjoint(path.relative_to(root).parts)]


def _docstrings(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = path.stem if isinstance(node, ast.Module) else node.name
            text = _tidy(ast.get_docstring(node) or "")
            if text:
                yield f"{name}: {text}"


def _tidy(text: str) -> str:
    words = text.split()
    if len(words) < _MINIMUM_WORDS or not text.isascii():
        return ""
    return " ".join(words[:_MAXIMUM_WORDS])
