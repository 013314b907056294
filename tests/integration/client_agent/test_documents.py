"""`pfi-agent documents` as processes: the index beside the agent, started, joined, killed."""

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support.certificates import DAY, FederationFixture
from tests.support.grpc_server import eventually

from pfi_client_agent.adapters.process_lock import is_held
from pfi_client_agent.adapters.rag_sidecar import open_retrieval
from pfi_client_agent.adapters.retrieval_link import OutgoingDocument
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_common.errors import RetrievalUnavailableError, SettingsInvalidError
from pfi_common.identity import load_identity, save_identity

pytestmark = [pytest.mark.integration, pytest.mark.slow]

COMMAND = Path(sys.executable).with_name("pfi-agent")
PLAN = "# Plan\n\nThe gardener waters the orchids on Friday.\n"


@pytest.fixture
def agent(tmp_path, monkeypatch):
    """State folder of an enrolled agent."""
    monkeypatch.setenv("PFI_RAG_MODELS", str(tmp_path / "no-models"))
    identity = FederationFixture(tmp_path).client("c-0123456789ab", DAY)
    folder = StateFolder(tmp_path / "agent")
    save_identity(
        folder.identity,
        key_pem=identity.key_pem,
        certificate_chain_pem=identity.certificate_chain_pem,
        authority_pem=identity.authority_pem,
    )
    return folder


@pytest.fixture
def notes(tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "plan.md").write_text(PLAN)
    (folder / "menu.txt").write_text("Soup of pumpkin and ginger.")
    (folder / "bad.txt").write_bytes(b"caf\xe9")
    return folder


def run(agent, *arguments: object) -> subprocess.CompletedProcess:
    words = [COMMAND, "documents", *map(str, arguments), "--state", agent.root]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def answer(agent, *arguments: object) -> dict:
    done = run(agent, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def service_pid(agent) -> int:
    return int((agent.root / "rag" / "service.lock").read_text())


def service_runs(agent) -> bool:
    return is_held(agent.root / "rag" / "service.lock")


async def test_the_life_of_a_folder(agent, notes):
    added = answer(agent, "add", notes)
    outcomes = {item["name"]: item["outcome"] for item in added["documents"]}
    assert outcomes == {
        "notes/bad.txt": "refused", "notes/menu.txt": "added", "notes/plan.md": "added",
    }  # fmt: skip

    (notes / "menu.txt").unlink()
    (notes / "plan.md").write_text(PLAN + "And on Sunday.\n")
    again = answer(agent, "add", notes)
    assert {item["outcome"] for item in again["documents"]} == {"refused", "replaced"}
    assert again["vanished"] == ["notes/menu.txt"]
    assert not again["pruned"]
    pruned = answer(agent, "add", notes, "--prune")
    assert pruned["vanished"] == ["notes/menu.txt"]
    assert {item["outcome"] for item in pruned["documents"]} == {"refused", "unchanged"}

    found = answer(agent, "search", "when", "are", "the", "orchids", "watered?")
    assert found["mode"] == "bm25"
    assert found["passages"][0]["name"] == "notes/plan.md"
    assert found["passages"][0]["last_line"] == 4

    forgotten = answer(agent, "forget", "notes/plan.md")
    assert forgotten["documents"] == 1
    assert forgotten["files_with_text"] == 0 < forgotten["searched_files"]
    assert answer(agent, "search", "orchids")["no_evidence"]
    await eventually(lambda: not service_runs(agent))
    left = [path for path in (agent.root / "rag").rglob("*") if path.is_file()]
    assert not [path for path in left if b"orchids" in path.read_bytes()]


def test_people_get_tables_and_sentences(agent, notes):
    added = run(agent, "add", notes)
    assert "2 added, 0 replaced, 0 unchanged, 1 refused" in added.stdout
    assert "DOCUMENT_INVALID" in added.stdout
    assert "notes/plan.md, lines 1-3 (Plan)" in run(agent, "search", "orchids").stdout
    assert "2 documents" in run(agent, "list").stdout
    assert "Deleted notes/plan.md" in run(agent, "delete", "notes/plan.md").stdout
    unknown = run(agent, "delete", "menu.txt")
    assert (unknown.returncode, "Did you mean" in unknown.stderr) == (1, True)
    assert "by words alone" in " ".join(run(agent, "status").stdout.split())
    assert run(agent, "forget").returncode == 2


def test_a_name_of_another_folder_is_not_overwritten(agent, notes, tmp_path):
    answer(agent, "add", notes)
    other = tmp_path / "other" / "notes"
    other.mkdir(parents=True)
    (other / "plan.md").write_text("Another plan.")
    [refused] = answer(agent, "add", other)["documents"]
    assert "came from" in refused["detail"]
    [added] = answer(agent, "add", other, "--as", "second")["documents"]
    assert (added["name"], added["outcome"]) == ("second/plan.md", "added")


def test_a_device_that_is_not_enrolled_is_told(tmp_path):
    done = run(StateFolder(tmp_path / "nothing"), "status")
    assert (done.returncode, "NOT_ENROLLED" in done.stderr) == (5, True)


def test_an_agent_that_runs_in_the_folder_does_not_matter(agent, notes):
    with agent.locked():
        assert len(answer(agent, "add", notes)["documents"]) == 3


async def test_users_share_one_service_and_the_last_one_stops_it(agent):
    identity = load_identity(agent.identity)
    async with open_retrieval(agent, identity) as first:
        pid = service_pid(agent)
        async with open_retrieval(agent, identity) as second:
            assert service_pid(agent) == pid
            [response] = [item async for item in second.add([OutgoingDocument("a", b"alpha")])]
            assert response.passages == 1
        assert (await first.search("alpha")).passages
        assert service_pid(agent) == pid
    await eventually(lambda: not service_runs(agent))


async def test_whoever_comes_while_it_stops_gets_a_new_one(agent):
    identity = load_identity(agent.identity)
    for _ in range(3):
        async with open_retrieval(agent, identity) as link:
            assert (await link.index()).documents == 0


async def test_a_killed_service_is_started_again_with_all_that_was_answered(agent):
    identity = load_identity(agent.identity)
    async with open_retrieval(agent, identity) as link:
        documents = (OutgoingDocument(f"doc-{n:04}", b"alpha %d" % n) for n in range(2000))
        answered = []

        async def add_until_killed() -> None:
            async for response in link.add(documents):
                answered.append(response.name)
                if len(answered) == 40:
                    os.kill(service_pid(agent), signal.SIGKILL)

        with pytest.raises(RetrievalUnavailableError):
            await add_until_killed()
    async with open_retrieval(agent, identity) as link:
        listed = {document.name for document in await link.documents()}
        assert set(answered) <= listed
        assert (await link.search("alpha")).passages


async def test_a_command_after_a_kill_goes_on_where_it_was(agent, tmp_path):
    many = tmp_path / "many"
    many.mkdir()
    for number in range(400):
        (many / f"{number:03}.txt").write_text(f"alpha {number}")
    adding = await asyncio.create_subprocess_exec(
        COMMAND, "documents", "add", many, "--state", agent.root,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip

    def stored() -> int:
        return len(list((agent.root / "rag").glob("indexes/*/documents/*")))

    await eventually(lambda: stored() > 20)
    with suppress(ProcessLookupError):  # a fast machine may be through with all of them
        os.kill(service_pid(agent), signal.SIGKILL)
    _, complaint = await adding.communicate()
    if adding.returncode:
        assert b"RETRIEVAL_UNAVAILABLE" in complaint
    again = await asyncio.to_thread(answer, agent, "add", many)
    outcomes = [item["outcome"] for item in again["documents"]]
    assert set(outcomes) <= {"added", "unchanged"}
    assert len(outcomes) == 400
    assert "unchanged" in outcomes


async def test_a_killed_user_leaves_no_service_behind(agent):
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from pfi_client_agent.adapters.rag_sidecar import open_retrieval\n"
        "from pfi_client_agent.adapters.state_folder import StateFolder\n"
        "from pfi_common.identity import load_identity\n"
        "async def main():\n"
        "    folder = StateFolder(Path(sys.argv[1]))\n"
        "    async with open_retrieval(folder, load_identity(folder.identity)):\n"
        "        print('open', flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    user = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, agent.root, stdout=asyncio.subprocess.PIPE
    )
    assert await asyncio.wait_for(user.stdout.readline(), 60) == b"open\n"
    assert service_runs(agent)
    user.kill()
    await user.wait()
    await eventually(lambda: not service_runs(agent))


async def test_a_service_that_cannot_start_says_why(agent):
    (agent.identity / "authority.pem").write_text("no certificate")
    folder = agent.root / "rag"
    folder.mkdir()
    identity = FederationFixture(agent.root / "other").client("c-0123456789ab", DAY)
    with pytest.raises(RetrievalUnavailableError, match="not a certificate"):
        async with open_retrieval(agent, identity):
            pass


async def test_a_service_of_somebody_else_needs_its_certificate(agent):
    identity = load_identity(agent.identity)
    with pytest.raises(SettingsInvalidError, match="--rag-certificate"):
        async with open_retrieval(agent, identity, "127.0.0.1:1"):
            pass
    async with open_retrieval(agent, identity):
        endpoints = json.loads((agent.root / "rag" / "endpoints.json").read_text())
        certificate = Path(endpoints["certificate"])
        async with open_retrieval(agent, identity, endpoints["rpc"], certificate) as link:
            assert (await link.index()).store == "edge"
        wrong = agent.identity / "authority.pem"
        async with open_retrieval(agent, identity, endpoints["rpc"], wrong) as link:
            with pytest.raises(RetrievalUnavailableError):
                await link.search("alpha")


def test_locks_end_with_their_holder(tmp_path):
    path = tmp_path / "lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert is_held(path)
    assert not is_held(path)
    assert not is_held(tmp_path / "nothing")
