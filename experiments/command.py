"""What the command of every experiment does."""

import argparse
from collections.abc import Callable

from rich.console import Console

from experiments.stored import FOLDER, Document, store, stored
from pfi_cli.local.interruption import interruptible


def run(
    name: str,
    description: str,
    measure: Callable[[Console], Document],
    page_text: Callable[[Document], str],
    draw: Callable[[Document], None],
) -> None:
    """Measures and stores, unless only the page is asked for, and writes the page."""
    parser = argparse.ArgumentParser(prog=f"python -m experiments.{name}", description=description)
    parser.add_argument(
        "--page", action="store_true", help="only write README.md and its plot from results.json"
    )
    console = Console()
    if not parser.parse_args().page:
        with interruptible():  # so that SIGTERM ends what was started, too
            store(name, measure(console))
    document, page = stored(name), FOLDER / name / "README.md"
    draw(document)
    page.write_text(page_text(document))
    console.print(f"wrote {page}")
