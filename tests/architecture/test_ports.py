"""Every port has an in-memory twin, and one contract suite for it and the real adapter."""

import ast
from pathlib import Path

import pytest
from tests.architecture.tree import (
    REPOSITORY,
    imported_modules,
    parsed,
    product_files,
    python_files,
    short,
)

SUPPORT = REPOSITORY / "tests" / "support"
CONTRACT = REPOSITORY / "tests" / "contract"


def is_protocol(node: ast.ClassDef) -> bool:
    return any("Protocol" in ast.unparse(base) for base in node.bases)


def ports() -> dict[str, Path]:
    """Full name of every Protocol of an `application/ports.py`, with its file."""
    found = {}
    for path in product_files():
        if path.parts[-2:] == ("application", "ports.py") or path.parts[-3:-1] == (
            "application",
            "ports",
        ):
            package = path.relative_to(path.parents[path.parts[::-1].index("src") - 1])
            module = ".".join(package.with_suffix("").parts)
            for node in parsed(path).body:
                if isinstance(node, ast.ClassDef) and is_protocol(node):
                    found[f"{module}.{node.name}"] = path
    return found


def twins_of(port: str) -> list[tuple[Path, str]]:
    """Classes in tests/support that say that they stand in for `port`, or inherit from it."""
    name = port.rpartition(".")[2]
    return [
        (path, node.name)
        for path in python_files(SUPPORT)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef)
        and (
            f"`{port}`" in (ast.get_docstring(node) or "")
            or name in {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        )
    ]


def suites_using(path: Path, name: str) -> list[str]:
    """Contract tests that import the twin."""
    module = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
    return [
        short(test)
        for test in python_files(CONTRACT)
        if test.name.startswith("test_")
        and module in imported_modules(test)
        and name in test.read_text()
    ]


@pytest.mark.parametrize("port", ports())
def test_a_port_has_a_twin_with_a_contract_suite(port):
    twins = twins_of(port)
    assert twins, f"no class in tests/support says: In-memory twin of `{port}`"
    assert any(suites_using(path, name) for path, name in twins), (
        f"no contract test imports {twins}"
    )
