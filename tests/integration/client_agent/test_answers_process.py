"""`pfi-agent serve`, `start --serve` and `chat` as processes, with a real document index."""

import asyncio
import json
import os
import signal

import httpx
import openai
import pytest
from tests.integration.client_agent.test_process import (
    COMMAND,
    Process,
    data_file,
    start,
    task_for,
    undisturbed,
)
from tests.support.client_agent.answering import extension, request, running_api
from tests.support.client_agent.federation import TinyRun
from tests.support.client_agent.serving import random_adapter, write_chat_backbone
from tests.support.client_agent.tasks import tiny_spec
from tests.support.grpc_server import eventually

from pfi_client_agent.adapters.durable_files import read_json
from pfi_client_agent.adapters.process_lock import is_held
from pfi_client_agent.domain.exit_codes import ExitCode

__all__ = ["data_file", "start"]

pytestmark = [pytest.mark.integration, pytest.mark.slow]

FACTS = "# Codes\n\nThe locker code of Pump Giku is 4827.\n\nThe crane of dock five is yellow.\n"


@pytest.fixture(scope="session")
def chat_backbone(tmp_path_factory):
    return write_chat_backbone(tmp_path_factory.mktemp("chat"))


@pytest.fixture
def published(federation, chat_backbone):
    adapter = random_adapter(chat_backbone.schema(), 1, 1.5)
    return federation.serving.publish(chat_backbone.reference, adapter, 1)


async def pfi_agent(*arguments):
    """Run a command to its end; gives its exit code, output and errors."""
    process = await asyncio.create_subprocess_exec(
        COMMAND, *map(str, arguments), stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env={"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    output, errors = await asyncio.wait_for(process.communicate(), 90)
    return process.returncode, output.decode(), errors.decode()


async def add_facts(folder, tmp_path):
    documents = tmp_path / "notes"
    documents.mkdir()
    (documents / "pumps.md").write_text(FACTS)
    code, _, errors = await pfi_agent("documents", "add", documents, "--state", folder.root)
    assert code == 0, errors


def client_of(process):
    """The official client of a process that serves."""
    ready = next(line for line in process.lines if line["event"] == "answers_ready")
    return ready["address"]


async def test_serve_answers_is_joined_by_chat_and_stops(folder, published, tmp_path):
    await add_facts(folder, tmp_path)
    serving = await Process.start("serve", "--state", folder.root)
    await serving.until("answers_ready")
    url = client_of(serving)
    _, token, _ = await pfi_agent("api-token", "--state", folder.root)
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=token.strip()) as client:
        answer = await client.chat.completions.create(**request("code of Pump Giku?"))
    told = extension(answer)
    assert told["citations"][0]["name"].endswith("pumps.md")
    assert told["citations"][0]["first_line"] >= 1
    assert told["retrieval"]["mode"] in {"bm25", "hybrid"}
    assert told["adapter"]["version"] == 1

    asked = ("chat", "code of Pump Giku?", "--state", folder.root, "--maximum-tokens", "8")
    code, output, _ = await pfi_agent(*asked, "--show-passages")
    assert code == 0
    assert "pumps.md, lines" in output
    assert "4827" in output
    assert "Answered by tiny (r-0000000001), global version 1." in output
    _, output, _ = await pfi_agent(*asked, "--no-documents", "--json")
    assert json.loads(output)["citations"] == []
    # Chat joined the running API: it answered all three.
    await eventually(lambda: serving.events().count("answer_given") == 3)

    second = await Process.start("serve", "--state", folder.root)
    assert await second.ended() == ExitCode.RUNNING
    assert await serving.stop() == ExitCode.OK
    assert read_json(folder.serving / "endpoints.json") is None
    logged = json.dumps(serving.lines)
    assert "4827" not in logged
    assert "Giku" not in logged


async def test_chat_alone_loads_itself_and_says_why_it_cannot(folder, published, tmp_path):
    code, output, errors = await pfi_agent(
        "chat", "what is it?", "--state", folder.root, "--maximum-tokens", "8"
    )
    assert code == 0, errors
    assert "global version 1." in output
    code, _, errors = await pfi_agent("chat", "what is it?", "--state", tmp_path / "nobody")
    assert code == ExitCode.IDENTITY
    assert "NOT_ENROLLED" in errors


async def test_a_killed_index_is_a_typed_error_or_started_again(folder, published, tmp_path):
    await add_facts(folder, tmp_path)
    async with running_api(folder) as api:
        assert extension(await api.ask("code of Pump Giku?"))["citations"]
        # Killed while requests run; each ends with an answer or with the reason.
        asking = [asyncio.create_task(api.ask("code of Pump Giku?")) for _ in range(6)]
        os.kill(_service_process(folder), signal.SIGKILL)
        for outcome in await asyncio.gather(*asking, return_exceptions=True):
            if isinstance(outcome, openai.APIStatusError):
                assert outcome.code == "RETRIEVAL_UNAVAILABLE"
                assert outcome.status_code == 503
            else:
                assert extension(outcome)["citations"]
        assert extension(await api.ask("code of Pump Giku?"))["citations"]


def _service_process(folder):
    """The process that holds the service's lock; the one before it may still be ending."""
    lock = folder.root / "rag" / "service.lock"
    assert is_held(lock)
    return int(lock.read_text())


async def test_an_index_elsewhere_that_is_away_is_a_typed_error(folder, published):
    certificate = folder.identity / "authority.pem"
    options = {"rag_address": "127.0.0.1:1", "rag_certificate": certificate}
    async with running_api(folder, **options) as api:
        with pytest.raises(openai.InternalServerError) as caught:
            await api.ask()
        assert caught.value.code == "RETRIEVAL_UNAVAILABLE"
        answer = await api.ask(pfi={"documents": False})
        assert extension(answer)["retrieval"]["mode"] == "off"


async def test_answering_does_not_change_what_is_trained(
    start, federation, tmp_path, chat_backbone, data_file
):
    agent = await start("--serve", "127.0.0.1:0", "--backbone", chat_backbone.folder)
    adapter = random_adapter(chat_backbone.schema(), 1, 1.5)
    federation.serving.publish(chat_backbone.reference, adapter, 1)
    for event in ("agent_ready", "answers_ready", "serving_adapter_changed"):
        await agent.until(event)
    token = (tmp_path / "device" / "serving" / "api-token").read_text()
    steps = {"steps": 60, "batch_size": 2, "learning_rate": 0.001, "maximum_tokens": 48}
    spec = tiny_spec(chat_backbone.folder, local=steps)
    run = TinyRun.describe(spec, chat_backbone.folder, tmp_path)
    task = task_for(run, federation, tmp_path)
    url = client_of(agent)
    async with httpx.AsyncClient(
        base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=60
    ) as client:
        federation.say(task=task)
        while task.task not in federation.aggregator.committed:
            body = request("what is it?", temperature=1.0, max_tokens=16)
            (await client.post("/v1/chat/completions", json=body)).raise_for_status()
    await agent.until("task_completed")
    await agent.until("answer_given")
    assert federation.aggregator.committed[task.task][1] == undisturbed(run, task, data_file)
    assert await agent.stop() == ExitCode.OK
