"""The text of README.md, from results.json."""

from tools.reference.tables import table

from experiments.clusters.config import FOLDER
from experiments.page_parts import spread, where
from experiments.stored import Document

PAGE = FOLDER / "README.md"
PLOT = FOLDER / "loss_per_client.png"
LEVELS = {
    "loss_backbone": "backbone alone",
    "loss_global": "adapter of all clients",
    "loss_cluster": "adapter of the cluster",
    "loss_personal_global": "personal beside the one of all",
    "loss_personal_cluster": "personal beside the cluster's",
}
_HEAD = """# Clusters: are planted groups found, and what does each client gain?

Written from `results.json` by `python -m experiments.clusters --page`; do not edit.

{clients} clients belong to {groups} groups of {sizes}. Clients of a group talk alike; the same
question has another right answer in each group (which attribute an alias word means, how an answer
begins and ends, how a log line is written). Every client has facts of its own. For each of {seeds}
seeds, groups and data are drawn anew, and the same clients train two runs on a federation of real
processes: one without clusters, and one that compares updates in round {probe} and then goes on
with one line for each cluster. Nobody tells the platform how many groups there are.

No two groups begin or end their answers alike. Without that rule groups are not equally far apart,
and the silhouette takes two that share half of their habits for one: a coarser answer, and a lower
index: a first trial without that rule, with groups of 4, 3 and 2 clients, found 2 of 3 groups for
one seed (index 0.556). Groups of two or three clients are at times joined, too: a sketch has 64
numbers, and its noise is the same for all clients of a group.

```sh
make experiment NAME=clusters
```

`config.yaml` has the settings.
"""


def page_text(document: Document) -> str:
    """The page."""
    return "\n".join([_head(document), _groups(document), _losses(document), where(document)])


def losses(document: Document, level: str) -> list[float]:
    """One number for each client of each seed."""
    return [client[level] for each in document["repetitions"] for client in each["clients"]]


def _head(document: Document) -> str:
    config = document["config"]
    sizes = ", ".join(map(str, config["group_sizes"]))
    return _HEAD.format(
        clients=sum(config["group_sizes"]),
        groups=len(config["group_sizes"]),
        sizes=sizes,
        seeds=len(config["seeds"]),
        probe=config["cluster"]["probe_round"],
    )


def _groups(document: Document) -> str:
    rows = [
        (
            str(each["seed"]),
            str(each["clusters"]),
            "none" if each["silhouette"] is None else f"{each['silhouette']:.3f}",
            f"{each['adjusted_rand_index']:.3f}",
        )
        for each in document["repetitions"]
    ]
    target = document["target"]
    verdict = "met" if target["met"] else "**not met**"
    return "\n".join(
        [
            "## Groups\n",
            table(("seed", "clusters found", "silhouette", "adjusted Rand index"), rows),
            f"Aim: {target['words']}. Lowest: {target['lowest']:.3f}; {verdict}.\n",
        ]
    )


def _losses(document: Document) -> str:
    rows = [(words, *spread(losses(document, level))) for level, words in LEVELS.items()]
    better = sum(
        cluster < plain
        for cluster, plain in zip(
            losses(document, "loss_cluster"), losses(document, "loss_global"), strict=True
        )
    )
    count = len(losses(document, "loss_global"))
    return "\n".join(
        [
            "## Loss\n",
            "Mean token loss (nats) on each client's held-out rows, after the last round.\n",
            table(("with", "mean", "deviation", "lowest", "highest"), rows),
            f"The cluster's adapter is better than the one of all clients for {better} of {count}"
            " clients.\n",
            "![Loss of each client with each adapter](loss_per_client.png)\n",
        ]
    )
