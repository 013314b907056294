"""Clients in groups: those of a group talk alike, those of different ones contradict each other.

A group has the profile of one of the demo's clients: which attribute each alias word means, how an
answer begins and ends, how a log line is written. So the same question has another right answer in
each group. No two groups begin or end their answers alike, so that none is nearer to another than
the rest. The facts of every client are its own, also within a group.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random

from experiments.clusters.config import Config
from pfi_cli.demo.client_profiles import client_count, client_profile
from pfi_cli.demo.clients import Row, client_rows

_OPENINGS = {"Aye.": "Aye:", "Sure.": "Sure,", "Noted.": "Noted:", "Well then.": "Well,"}
"""How the answers of a group begin, by the remark that its profile ends them with."""


@dataclass(frozen=True)
class Planted:
    """The data of one repetition.

    Attributes:
        folder: A file for each client, `client_0.jsonl` and so on.
        groups: Group of each client.
    """

    folder: Path
    groups: tuple[int, ...]


def plant(config: Config, seed: int, folder: Path) -> Planted:
    """Draws groups and profiles by the seed and writes every client's rows."""
    random = Random(f"planted/{seed}")
    profiles = _profiles(random, len(config.group_sizes))
    groups = [group for group, size in enumerate(config.group_sizes) for _ in range(size)]
    random.shuffle(groups)  # neither the number nor the name of a client says where it belongs
    folder.mkdir(parents=True)
    for client, group in enumerate(groups):
        rows = client_rows(profiles[group], seed=1000 * seed + client, rows=config.rows)
        lines = "".join(json.dumps(_begun(row, profiles[group])) + "\n" for row in rows)
        (folder / f"client_{client}.jsonl").write_text(lines, encoding="utf-8")
    return Planted(folder, tuple(groups))


def _begun(row: Row, profile_index: int) -> Row:
    """Lets an answer begin with the group's habit: from the first word on, groups disagree."""
    remark = client_profile(profile_index).remark
    *asked, answer = row.get("messages") or [{"content": ""}]
    if not answer["content"].endswith(remark):
        return row
    said = answer["content"].removesuffix(f" {remark}")
    return {"messages": [*asked, {**answer, "content": f"{_OPENINGS[remark]} {said}"}]}


def _profiles(random: Random, count: int) -> list[int]:
    """Draws profiles until all remarks and all closings differ."""
    while True:
        drawn = random.sample(range(client_count()), count)
        profiles = [client_profile(index) for index in drawn]
        remarks = {profile.remark for profile in profiles}
        closings = {profile.closing for profile in profiles}
        if len(remarks) == len(closings) == count:
            return drawn
