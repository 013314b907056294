"""Writes libs/common/src/pfi from protos/; with --check, fails when the committed files differ.

Run it with the interpreter of the environment that holds requirements/protos.txt (`make protos`).
"""

import argparse
import filecmp
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PROTOS = REPOSITORY / "protos"
OUTPUT = REPOSITORY / "libs" / "common" / "src" / "pfi"


def generate(target: Path) -> None:
    """Runs protoc for every proto into `target`, the parent of the package `pfi`."""
    sources = sorted(PROTOS.rglob("*.proto"))
    scripts = Path(sys.executable).parent
    subprocess.run(
        [
            sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={PROTOS}",
            f"--plugin=protoc-gen-mypy={scripts / 'protoc-gen-mypy'}",
            f"--plugin=protoc-gen-mypy_grpc={scripts / 'protoc-gen-mypy_grpc'}",
            f"--python_out={target}", f"--mypy_out=quiet:{target}",
            f"--grpc_python_out={target}", f"--mypy_grpc_out=only_async,quiet:{target}",
            *map(str, sources),
        ],
        check=True,
    )  # fmt: skip
    _drop_stubs_without_service(target, sources)
    _add_package_files(target / "pfi")


def _drop_stubs_without_service(target: Path, sources: list[Path]) -> None:
    for source in sources:
        if "\nservice " not in source.read_text():
            stem = target / source.relative_to(PROTOS).with_suffix("")
            for suffix in ("_pb2_grpc.py", "_pb2_grpc.pyi"):
                stem.with_name(stem.name + suffix).unlink()


def _add_package_files(package: Path) -> None:
    for folder in [package, *(path for path in package.rglob("*") if path.is_dir())]:
        (folder / "__init__.py").touch()
    (package / "py.typed").touch()


def differences(fresh: Path, committed: Path) -> list[str]:
    """Names files that are missing, surplus or different in `committed`."""
    names = {
        path.relative_to(root).as_posix()
        for root in (fresh, committed)
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return sorted(name for name in names if not _same(fresh / name, committed / name))


def _same(left: Path, right: Path) -> bool:
    return left.is_file() and right.is_file() and filecmp.cmp(left, right, shallow=False)


def main() -> int:
    """Generates, or compares with what is committed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 on a difference")
    if not parser.parse_args().check:
        generate(OUTPUT.parent)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        changed = differences(Path(folder) / "pfi", OUTPUT)
    for name in changed:
        print(f"differs from protos/: libs/common/src/pfi/{name} (run `make protos`)")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
