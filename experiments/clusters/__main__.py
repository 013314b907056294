"""`python -m experiments.clusters`."""

from experiments.clusters.config import load_config
from experiments.clusters.measure import measure, store
from experiments.clusters.page import PAGE, stored, write_page
from experiments.command import run


def main() -> None:
    """Measures, stores, and writes the page."""
    run(
        "clusters",
        "Plants groups of clients and looks whether a federation finds them.",
        lambda console: store(measure(load_config(), console)),
        lambda: write_page(stored()),
        PAGE,
    )


if __name__ == "__main__":
    main()
