"""`python -m experiments.products`."""

from experiments.command import run
from experiments.products.config import load_config
from experiments.products.measure import measure
from experiments.products.page import write_page


def main() -> None:
    """Measures, stores, and writes the page."""
    run(
        "products",
        "Trains runs with each product of factors, with one rank and with several.",
        lambda console: measure(load_config(), console),
        write_page,
    )


if __name__ == "__main__":
    main()
