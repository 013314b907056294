"""What the repository consists of, read from the files themselves."""

import ast
import functools
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

REPOSITORY = Path(__file__).resolve().parents[2]
GENERATED = REPOSITORY / "libs" / "common" / "src" / "pfi"


@dataclass(frozen=True)
class Distribution:
    """One installable part, as its pyproject.toml describes it."""

    folder: Path
    project: dict

    @property
    def name(self) -> str:
        return self.project["name"]

    @property
    def package(self) -> Path:
        """Folder of its own import package, for instance src/pfi_cli."""
        return self.folder / "src" / self.name.replace("-", "_")

    @property
    def requirements(self) -> list[Requirement]:
        """Everything that it declares, extras included."""
        extras = self.project.get("optional-dependencies", {}).values()
        texts = [*self.project["dependencies"], *(text for extra in extras for text in extra)]
        return [Requirement(text) for text in texts]


@functools.cache
def distributions() -> dict[str, Distribution]:
    """Every distribution by name."""
    found = {}
    for file in sorted(REPOSITORY.glob("*/pyproject.toml")) + sorted(
        REPOSITORY.glob("*/*/pyproject.toml")
    ):
        distribution = Distribution(file.parent, tomllib.loads(file.read_text())["project"])
        found[distribution.name] = distribution
    return found


def python_files(*roots: Path) -> Iterator[Path]:
    """Python files below `roots`, without generated code."""
    for root in roots:
        for path in sorted(root.rglob("*.py")):
            if not path.is_relative_to(GENERATED) and "__pycache__" not in path.parts:
                yield path


def product_files() -> list[Path]:
    """Every hand-written Python file of the distributions."""
    return list(python_files(*(item.package for item in distributions().values())))


def repository_files() -> list[Path]:
    """Every hand-written Python file: product, tests, tools, benchmarks, experiments."""
    names = ("tests", "tools", "benchmarks", "experiments")
    roots = [REPOSITORY / name for name in names]
    return product_files() + list(python_files(*roots))


@functools.cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(), filename=str(path))


def short(path: Path) -> str:
    """A path as people name it."""
    return path.relative_to(REPOSITORY).as_posix()


def imported_modules(path: Path) -> set[str]:
    """Full names of modules that a file imports anywhere, functions included."""
    names = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names
