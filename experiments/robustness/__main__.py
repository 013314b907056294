"""`python -m experiments.robustness`."""

from experiments.command import run
from experiments.robustness.config import load_config
from experiments.robustness.measure import measure
from experiments.robustness.page import page_text
from experiments.robustness.plot import draw


def main() -> None:
    """Measures, stores, and writes the page."""
    run(
        "robustness",
        "Attacks federations and looks which rules keep what they promise.",
        lambda console: measure(load_config(), console),
        page_text,
        draw,
    )


if __name__ == "__main__":
    main()
