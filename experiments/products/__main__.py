"""`python -m experiments.products`."""

from experiments.command import run
from experiments.products.config import load_config
from experiments.products.measure import measure
from experiments.products.page import page_text
from experiments.products.plot import draw


def main() -> None:
    """Measures, stores, and writes the page."""
    run(
        "products",
        "Trains runs with each product of factors, with one rank and with several.",
        lambda console: measure(load_config(), console),
        page_text,
        draw,
    )


if __name__ == "__main__":
    main()
