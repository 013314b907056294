"""Writes the pages of docs/reference that are made from code; with --check, fails when they differ.

Settings come from the settings classes, commands from the command-line parsers, metrics from
observability/metrics.yaml.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from tools.reference.commands import commands_page
from tools.reference.metrics import metrics_page
from tools.reference.settings import settings_page

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "metrics.md": metrics_page,
    "settings.md": settings_page,
}


def stale_pages() -> list[str]:
    """Names pages that differ from what the code says."""
    return [
        name
        for name, make in PAGES.items()
        if not (FOLDER / name).is_file() or (FOLDER / name).read_text() != make()
    ]


def main() -> int:
    """Writes the pages, or compares them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 on a difference")
    if parser.parse_args().check:
        stale = stale_pages()
        for name in stale:
            print(f"differs from the code: docs/reference/{name} (run `make reference`)")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (FOLDER / name).write_text(make())
    return 0


if __name__ == "__main__":
    sys.exit(main())
