"""`python -m experiments.robustness`."""

import argparse

from rich.console import Console

from experiments.robustness.config import load_config
from experiments.robustness.measure import measure, store
from experiments.robustness.page import PAGE, stored, write_page


def main() -> None:
    """Measures, stores, and writes the page."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.robustness",
        description="Attacks federations and looks which rules keep what they promise.",
    )
    parser.add_argument(
        "--page", action="store_true", help="only write README.md and its plot from results.json"
    )
    console = Console()
    if not parser.parse_args().page:
        store(measure(load_config(), console))
    write_page(stored())
    console.print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
