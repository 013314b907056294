"""`python -m experiments.clusters`."""

from experiments.clusters.config import load_config
from experiments.clusters.measure import measure
from experiments.clusters.page import page_text
from experiments.clusters.plot import draw
from experiments.command import run


def main() -> None:
    """Measures, stores, and writes the page."""
    run(
        "clusters",
        "Plants groups of clients and looks whether a federation finds them.",
        lambda console: measure(load_config(), console),
        page_text,
        draw,
    )


if __name__ == "__main__":
    main()
