"""`pfi-agent serve` beside a real federation: it follows a run, and then its cluster's line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.e2e.small_runs import tiny_spec, write_rows
from tests.support.client_agent.serving import write_chat_backbone
from tests.support.federation import AgentProcess, Federation

from pfi_cli.local.waiting import wait_until
from pfi_client_agent.adapters.serving_folder import ServingFolder
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_common.identity import load_identity

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

ANIMALS = ("heron", "heron", "otter", "otter")
ROUNDS = 2
ANSWER_SECONDS = 60.0


class Answering:
    """One process that answers for a client of the fleet."""

    def __init__(self, federation: Federation, backbone: Path) -> None:
        clients = federation.agents["watcher"].folder / "clients"
        self.folder = StateFolder(clients / "0")
        arguments = ["--address", "127.0.0.1:0", "--backbone", str(backbone)]
        agent = AgentProcess(federation.layout, "watcher/clients/0", arguments, command="serve")
        federation.agents["answers"] = agent
        agent.process.start()
        self.client = load_identity(self.folder.identity).identity.name

    def request(self, method: str, path: str, **options: Any) -> httpx.Response | None:
        serving = ServingFolder(self.folder)
        url = serving.endpoint()
        headers = {"authorization": f"Bearer {serving.token()}"}
        try:
            return url and httpx.request(
                method, url + path, headers=headers, timeout=30, trust_env=False, **options
            )
        except httpx.TransportError:
            return None

    def adapter(self) -> dict[str, Any]:
        """What would answer now."""
        answer = self.request("GET", "/v1/models/pfi")
        return {} if answer is None else answer.json()["pfi"]["adapter"]

    def ask(self) -> httpx.Response:
        body = {
            "model": "pfi", "max_tokens": 4, "pfi": {"documents": False},
            "messages": [{"role": "user", "content": "what did we see?"}],
        }  # fmt: skip
        answer = self.request("POST", "/v1/chat/completions", json=body)
        assert answer is not None
        return answer

    def waits_for_a_round(self) -> bool:
        """Tell whether the federation was asked, and has published nothing yet."""
        if self.adapter() == {}:
            return False
        answer = self.ask()
        assert answer.status_code == 503
        return "has not published an adapter yet" in answer.json()["error"]["message"]


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_chat_backbone(tmp_path_factory.mktemp("chat")).folder


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    folder = tmp_path_factory.mktemp("answering")
    data = folder / "rows"
    data.mkdir()
    for number, animal in enumerate(ANIMALS):
        write_rows(data / f"{number}.jsonl", animal, rows=20)
    with Federation(folder / "state") as running:
        running.add_fleet("watcher", len(ANIMALS), data)
        running.wait_until_connected(len(ANIMALS))
        yield running


def spec(name: str, backbone: Path, **changes: Any) -> dict[str, Any]:
    cohort = {"size": len(ANIMALS), "minimum": len(ANIMALS)}
    return tiny_spec(
        name, backbone, cohort=cohort, stop={"rounds": ROUNDS},
        personalize={"method": "none"}, **changes,
    )  # fmt: skip


def test_what_answers_follows_the_run_and_then_the_line(federation: Federation, backbone: Path):
    answering = Answering(federation, backbone)
    assert wait_until(answering.waits_for_a_round, ANSWER_SECONDS), federation.describe()

    run = federation.run_to_end(spec("together", backbone))
    _expect(federation, answering, run.run, "global", run.adapters[-1].digest)

    cluster = {"method": "update_similarity", "count": 2, "probe_round": 1}
    run = federation.run_to_end(spec("parted", backbone, cluster=cluster))
    [line] = [
        each.line
        for each in federation.api.clusters(run.run).clusters
        if answering.client in {member.client for member in each.members}
    ]
    assert line.startswith("cluster-")
    [digest] = [each.digest for each in run.adapters if (each.line, each.version) == (line, ROUNDS)]
    _expect(federation, answering, run.run, line, digest)


def _expect(federation: Federation, answering: Answering, run: str, line: str, digest: str) -> None:
    """Waits for an adapter, and asks with it."""
    wanted = {"run": run, "line": line, "version": ROUNDS}

    def follows() -> bool:
        return wanted.items() <= answering.adapter().items()

    assert wait_until(follows, ANSWER_SECONDS), json.dumps(answering.adapter()) + federation.log(
        "watcher/clients/0"
    )
    answer = answering.ask()
    assert answer.status_code == 200, answer.text
    told = answer.json()["pfi"]["adapter"]
    assert wanted.items() <= told.items()
    assert told["digest"] == digest
    assert told["refused"] is None
