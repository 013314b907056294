"""`python -m experiments.robustness`."""

from experiments.command import run
from experiments.robustness.config import load_config
from experiments.robustness.measure import measure
from experiments.robustness.page import write_page


def main() -> None:
    """Measures, stores, and writes the page."""
    run(
        "robustness",
        "Attacks federations and looks which rules keep what they promise.",
        lambda console: measure(load_config(), console),
        write_page,
    )


if __name__ == "__main__":
    main()
