"""A run with two clusters of one client each, as the coordinator describes it."""

from typing import Any

from tests.support.cli.run_documents import (
    CLIENTS,
    NAMES,
    RUN,
    evaluation,
    member,
    round_document,
    run_document,
)

LINES = ("cluster-1", "cluster-2")
PARTITION = {
    "state": "done",
    "probe_round": 1,
    "clusters": 2,
    "silhouette": 0.456,
    "reason": "",
}


def line_task(line: str, number: int, client: str) -> str:
    """The id of a training task of a cluster's line."""
    return f"{RUN}.{line}.{number}.1.{client}"


def line_round(index: int, **changes: Any) -> dict[str, Any]:
    """Round 2 of the line of a cluster, which has one client."""
    named = {"task": line_task(LINES[index], 2, CLIENTS[index])}
    values = {"line": LINES[index], "cohort": [member(2, index, **named)], "counted": 1}
    return round_document(2, **(values | changes))


def line_document(index: int, **changes: Any) -> dict[str, Any]:
    """The line of a cluster at its end."""
    return {
        "line": LINES[index],
        "state": "completed",
        "members": 1,
        "round": None,
        "version": 2,
        "adapter_digest": f"{2 + index:064x}",
        "error": None,
    } | changes


def clustered_document(**changes: Any) -> dict[str, Any]:
    """A completed run that probed in round 1 and went on as two lines for one round."""
    document = run_document()
    versions = [("global", 0), ("global", 1), *((line, 2) for line in LINES)]
    return (
        document
        | {
            "spec": document["spec"]
            | {"cluster": {"method": "update_similarity", "probe_round": 1}},
            "rounds": [round_document(1, line="global"), line_round(0), line_round(1)],
            "evaluation": [evaluation(index, line=LINES[index]) for index in (0, 1)],
            "adapters": [
                {"line": line, "version": version, "digest": f"{index:064x}"}
                for index, (line, version) in enumerate(versions)
            ],
            "lines": [line_document(0), line_document(1)],
            "partition": PARTITION,
        }
        | changes
    )


def clusters_document() -> dict[str, Any]:
    """What `GET /v1/runs/{run}/clusters` gives."""
    return {
        "run": RUN,
        "partition": PARTITION,
        "clusters": [
            {
                "line": LINES[index],
                "version": 2,
                "members": [
                    {
                        "client": CLIENTS[index],
                        "display_name": NAMES[index],
                        "placed": ("probe", "first_task")[index],
                    }
                ],
            }
            for index in (0, 1)
        ],
        "unplaced": ["c-00000000000c"],
    }
