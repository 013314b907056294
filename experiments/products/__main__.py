"""`python -m experiments.products`."""

from experiments.command import run
from experiments.products.config import load_config
from experiments.products.measure import measure, store
from experiments.products.page import PAGE, stored, write_page


def main() -> None:
    """Measures, stores, and writes the page."""
    run(
        "products",
        "Trains runs with each product of factors, with one rank and with several.",
        lambda console: store(measure(load_config(), console)),
        lambda: write_page(stored()),
        PAGE,
    )


if __name__ == "__main__":
    main()
