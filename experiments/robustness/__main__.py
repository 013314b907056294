"""`python -m experiments.robustness`."""

from experiments.command import run
from experiments.robustness.config import load_config
from experiments.robustness.measure import measure, store
from experiments.robustness.page import PAGE, stored, write_page


def main() -> None:
    """Measures, stores, and writes the page."""
    run(
        "robustness",
        "Attacks federations and looks which rules keep what they promise.",
        lambda console: store(measure(load_config(), console)),
        lambda: write_page(stored()),
        PAGE,
    )


if __name__ == "__main__":
    main()
