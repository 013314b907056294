"""The text of README.md, from results.json."""

from collections.abc import Sequence

from tools.reference.tables import table

from experiments.page_parts import where
from experiments.robustness.config import FOLDER
from experiments.robustness.outcome import Point, unattacked
from experiments.stored import Document

PAGE = FOLDER / "README.md"
PLOT = FOLDER / "accuracy_by_attackers.png"
_HEAD = """# Robustness: how many attackers does each rule survive?

Written from `results.json` by `python -m experiments.robustness --page`; do not edit.

{clients} clients train a softmax regression on images of handwritten digits (scikit-learn's copy of
the UCI set, 8 by 8 pixels, {held_out:.0%} held out) for {rounds} rounds. {skew:.0%} of a client's
images come from two classes of its own, so honest clients differ. A share of the clients sends
something else than it has learnt; attackers know all honest updates and act together. The updates
go through the platform's own rules: from the run specification's `aggregate` to the round plan, its
reduction pieces and the exact merge. Every number is the accuracy on held-out images after the last
round, the mean of {seeds} seeds.

```sh
make experiment NAME=robustness
```

`config.yaml` has the settings. [Robust rules](../../docs/explanation/robust-rules.md) says what
each rule assumes, and how these figures bear on choosing one.
"""


def points_of(document: Document) -> list[Point]:
    """The points of a stored sweep."""
    return [Point(**point) for point in document["points"]]


def page_text(document: Document) -> str:
    """The page."""
    points = points_of(document)
    parts = [
        _head(document),
        _verdicts(document, points),
        _mean(document),
        _curves(document, points),
    ]
    return "\n".join([*parts, where(document)])


def _head(document: Document) -> str:
    config, problem = document["config"], document["config"]["problem"]
    return _HEAD.format(
        clients=problem["clients"],
        held_out=problem["held_out"],
        rounds=problem["rounds"],
        skew=problem["skew"],
        seeds=len(config["seeds"]),
    )


def _verdicts(document: Document, points: Sequence[Point]) -> str:
    judgement = document["config"]["judgement"]
    alone = {point.rule: point.mean for point in points if not point.share}
    rows = [
        (
            each["rule"],
            f"{unattacked(points) - alone[each['rule']]:.3f}",
            f"{each['lost']:.3f}",
            each["attack"],
            f"{each['permitted']:.2f}",
            "met" if each["met"] else "**not met**",
        )
        for each in document["verdicts"]
    ]
    head = ("rule", "lost without attackers", "lost at most", "under", "permitted", "verdict")
    return (
        f"## Up to {judgement['share']:.0%} attackers\n\n"
        f"Without attackers the mean reaches {unattacked(points):.3f}. Of that, with up to"
        f" {judgement['share']:.0%} attackers and under its worst attack, a rule may lose:\n\n"
        + table(head, rows)
        + "\nKrum publishes the update of one client, so it loses much of this without attackers.\n"
    )


def _mean(document: Document) -> str:
    failed = document["mean_failed_at"]
    rows = [
        (attack, f"{failed[attack]:.0%}" if attack in failed else "not up to 40%")
        for attack in document["config"]["attacks"]
    ]
    loss = document["config"]["judgement"]["failed"]
    return (
        "## The undefended mean\n\n"
        f"It has failed where it loses more than {loss:.2f}:\n\n"
        + table(("attack", "fails at"), rows)
    )


def _curves(document: Document, points: Sequence[Point]) -> str:
    config = document["config"]
    parts = ["## Accuracy by share of attackers\n"]
    parts.append(f"![Accuracy of each rule by the share of attackers]({PLOT.name})\n")
    for attack in config["attacks"]:
        head = (attack, *(f"{share:.0%}" for share in config["shares"]))
        found = {(p.rule, p.share): p.mean for p in points if p.attack == attack}
        rows = [
            (rule, *(f"{found[rule, share]:.3f}" for share in config["shares"]))
            for rule in config["rules"]
        ]
        parts.append(table(head, rows))
    return "\n".join(parts)
