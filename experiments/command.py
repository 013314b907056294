"""What the command of every experiment does."""

import argparse
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from pfi_cli.local.interruption import interruptible


def run(
    name: str,
    description: str,
    measure: Callable[[Console], None],
    write_page: Callable[[], None],
    page: Path,
) -> None:
    """Measures and stores, unless only the page is asked for, and writes the page."""
    parser = argparse.ArgumentParser(prog=f"python -m experiments.{name}", description=description)
    parser.add_argument(
        "--page", action="store_true", help="only write README.md and its plot from results.json"
    )
    console = Console()
    if not parser.parse_args().page:
        with interruptible():  # so that SIGTERM ends what was started, too
            measure(console)
    write_page()
    console.print(f"wrote {page}")
