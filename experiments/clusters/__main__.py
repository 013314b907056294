"""`python -m experiments.clusters`."""

from experiments.clusters.config import load_config
from experiments.clusters.measure import measure
from experiments.clusters.page import write_page
from experiments.command import run


def main() -> None:
    """Measures, stores, and writes the page."""
    run(
        "clusters",
        "Plants groups of clients and looks whether a federation finds them.",
        lambda console: measure(load_config(), console),
        write_page,
    )


if __name__ == "__main__":
    main()
