"""Habits that keep the sources readable and safe."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from tests.architecture.tree import REPOSITORY, parsed, product_files, repository_files, short

FILE_LINES = 300
FUNCTION_LINES = 50


def test_files_are_short():
    long = {
        short(path): size
        for path in repository_files()
        if (size := len(path.read_text().splitlines())) > FILE_LINES
    }
    assert long == {}


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return function.end_lineno - body[0].lineno + 1 if body else 0


def test_functions_are_short():
    long = {
        f"{short(path)}:{node.name}": body_lines(node)
        for path in repository_files()
        for node in definitions(ast.walk(parsed(path)))
        if body_lines(node) > FUNCTION_LINES
    }
    assert long == {}


def test_no_broad_except():
    broad = [
        f"{short(path)}:{node.lineno}"
        for path in product_files()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ExceptHandler)
        and {"Exception", "BaseException", None} & caught(node)
        and not passes_on(node)
    ]
    assert broad == []


def passes_on(handler: ast.ExceptHandler) -> bool:
    """True when all that is done is to clean up and raise the same error."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def caught(handler: ast.ExceptHandler) -> set[str | None]:
    """Names of the caught classes; None stands for a bare `except`."""
    if handler.type is None:
        return {None}
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {kind.id if isinstance(kind, ast.Name) else ast.unparse(kind) for kind in kinds}


def test_the_environment_is_read_in_settings_alone():
    readers = [
        f"{short(path)}:{node.lineno}"
        for path in product_files()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute)
        and ast.unparse(node) in {"os.environ", "os.getenv"}
        and path.name != "settings.py"
    ]
    assert readers == []


def definitions(nodes) -> list:
    return [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_functions_of_the_product_are_annotated():
    bare = [
        f"{short(path)}:{node.lineno} {node.name}"
        for path in product_files()
        for node in definitions(ast.walk(parsed(path)))
        if node.returns is None
    ]
    assert bare == []


def test_public_names_of_the_product_are_described():
    bare = [
        f"{short(path)}:{node.lineno} {node.name}"
        for path in product_files()
        for node in parsed(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
    ]
    assert bare == []


def committed_texts() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    names = [name for name in listing.stdout.split("\0") if name]
    binary = {".safetensors", ".png", ".binpb", ".bin", ".pb"}
    return [
        path
        for name in names
        if (path := REPOSITORY / name).is_file() and path.suffix not in binary
    ]


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        # The words are put together here so that this file does not name what it looks for.
        (
            "a path of somebody's machine",
            re.compile(r"(?<![\w.:/])/(?:wor" + "k|hom" + "e|roo" + r"t|User" + r"s)/[\w.]"),
        ),
        ("an open end", re.compile(r"\b(?:TO" + "DO|FIX" + "ME|XX" + r"X)\b")),
        ("a merge conflict", re.compile(r"^(?:<{7} |>{7} )", re.MULTILINE)),
    ],
)
def test_committed_text_is_free_of(what, pattern):
    found = []
    for path in committed_texts():
        if path.suffix == ".jsonl" or "golden" in path.parts:  # texts that models read, not ours
            continue
        found += [
            f"{short(path)}:{number}: {line.strip()[:100]}"
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
            if pattern.search(line)
        ]
    assert found == [], f"{what}: {found}"
