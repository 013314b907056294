"""`python -m experiments.products`."""

import argparse

from rich.console import Console

from experiments.products.config import load_config
from experiments.products.measure import measure, store
from experiments.products.page import PAGE, stored, write_page
from pfi_cli.local.interruption import interruptible


def main() -> None:
    """Measures, stores, and writes the page."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.products",
        description="Trains runs with each product of factors, with one rank and with several.",
    )
    parser.add_argument(
        "--page", action="store_true", help="only write README.md and its plot from results.json"
    )
    console = Console()
    if not parser.parse_args().page:
        with interruptible():  # so that SIGTERM ends the federation, too
            store(measure(load_config(), console))
    write_page(stored())
    console.print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
