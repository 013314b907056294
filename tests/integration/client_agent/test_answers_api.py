"""The API as the official client and others see it; the engine is the twin without torch."""

import asyncio
import threading

import openai
import pytest
import pytest_asyncio
from tests.support.client_agent.answering import extension, request, running_api, text_of
from tests.support.client_agent.serving import MemoryAnswerEngine
from tests.support.grpc_server import eventually

from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.domain.training import BackboneReference

pytestmark = pytest.mark.integration

USER = [{"role": "user", "content": "what is it?"}]


@pytest.fixture
def engine(monkeypatch):
    made = MemoryAnswerEngine(BackboneReference("tiny", "", "d" * 64))
    monkeypatch.setattr(
        "pfi_client_agent.bootstrap_serving.build_engine", lambda _folder, _options: made
    )
    return made


@pytest.fixture
def gate(engine):
    """Words wait until it is set; bounded, so that a failing test does not hang."""
    event = threading.Event()
    engine.before_word = lambda: event.wait(timeout=60)
    yield event
    event.set()


@pytest_asyncio.fixture
async def api(engine, tmp_path):
    folder = StateFolder(tmp_path / "device")
    async with running_api(folder, backbone_only=True, waiting_limit=2) as running:
        yield running


async def test_an_answer_has_text_usage_and_what_went_into_it(api):
    answer = await api.ask()
    assert text_of(answer)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.prompt_tokens == 3
    assert answer.usage.completion_tokens == 12
    assert answer.usage.total_tokens == 15
    assert extension(answer) == {
        "citations": [],
        "retrieval": {"mode": "off", "no_evidence": False, "found": 0, "passages": 0},
        "adapter": {
            "run": None,
            "run_name": None,
            "line": None,
            "version": None,
            "digest": None,
            "personal": False,
            "personal_left_out": "the backbone answers alone",
            "refused": None,
        },
    }


async def test_a_stream_gives_the_same_text_and_ends_with_metadata(api):
    whole = await api.ask()
    chunks = await api.stream()
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == text_of(whole)
    assert chunks[-1].choices[0].finish_reason == "length"
    assert extension(chunks[-1]) == extension(whole)
    assert len(chunks) > 5


async def test_a_stream_counts_tokens_on_request(api):
    chunks = await api.stream(stream_options={"include_usage": True})
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == 12
    assert extension(chunks[-1])["adapter"]["run"] is None


async def test_wishes_reach_the_engine(api):
    drawn = {"temperature": 1.0, "seed": 4}
    assert text_of(await api.ask(**drawn)) == text_of(await api.ask(**drawn))
    assert text_of(await api.ask(temperature=1.0, seed=5)) != text_of(await api.ask(**drawn))
    whole = text_of(await api.ask())
    stopped = await api.ask(stop=[whole[8:11]])
    assert text_of(stopped) == whole[: whole.index(whole[8:11])]
    assert stopped.choices[0].finish_reason == "stop"
    assert (await api.ask(max_tokens=2)).usage.completion_tokens == 2


async def test_the_model_is_listed(api):
    listed = [model async for model in api.client.models.list()]
    assert [model.id for model in listed] == ["pfi"]
    assert (await api.client.models.retrieve("pfi")).model_extra["pfi"]["ready"] is True


async def test_a_wrong_or_missing_token_is_refused(api):
    other = api.client.with_options(api_key="sk-wrong")
    with pytest.raises(openai.AuthenticationError) as caught:
        await other.chat.completions.create(**request("q"))
    assert caught.value.code == "API_KEY_INVALID"
    assert "pfi-agent api-token" in caught.value.body["pfi"]["next_step"]
    for path in ("/v1/models", "/v1/anything", "/docs", "/openapi.json"):
        assert (await api.raw.get(path)).status_code == 401
    assert (await api.raw.get("/healthz")).json() == {"status": "ready"}


async def test_another_model_is_not_found(api):
    with pytest.raises(openai.NotFoundError) as caught:
        await api.ask(model="gpt-4o")
    assert (caught.value.code, caught.value.param) == ("ADAPTER_UNKNOWN", "model")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tools", [{"type": "function", "function": {"name": "f"}}]),
        ("n", 2),
        ("temperature", -1),
        ("presence_penalty", 0.5),
        ("logit_bias", {"1": 5}),
        ("max_tokens", 0),
        ("stop", ["a", "b", "c", "d", "e"]),
        ("messages", []),
        ("messages", [{"role": "tool", "content": "x"}]),
        ("messages", [{"role": "assistant", "content": "x"}]),
        ("pfi", {"passages": 51}),
        ("pfi", {"unknown": True}),
    ],
)
async def test_what_cannot_be_done_is_refused_by_name(api, field, value):
    body = {"model": "pfi", "messages": USER} | {field: value}
    headers = {"authorization": f"Bearer {api.token}"}
    response = await api.raw.post("/v1/chat/completions", json=body, headers=headers)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["code"] == "INVALID_REQUEST"
    assert error["param"].startswith(field)
    assert field in error["message"]


async def test_notes_of_the_caller_and_parts_of_text_are_taken(api):
    parts = [{"type": "text", "text": "what is"}, {"type": "text", "text": "it?"}]
    answer = await api.client.chat.completions.create(
        model="pfi",
        messages=[{"role": "developer", "content": "be brief"}, {"role": "user", "content": parts}],
        user="me",
        metadata={"a": "b"},
        n=1,
        presence_penalty=0.0,
        max_completion_tokens=3,
    )
    assert answer.usage.completion_tokens == 3
    assert answer.usage.prompt_tokens == 5


async def test_a_conversation_that_is_too_long_is_refused(api):
    with pytest.raises(openai.BadRequestError) as caught:
        await api.ask("word " * 400)
    assert caught.value.code == "PROMPT_TOO_LONG"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", ""])
async def test_another_host_name_is_refused(api, host):
    headers = {"authorization": f"Bearer {api.token}", "host": host}
    assert (await api.raw.get("/v1/models", headers=headers)).status_code in {400, 403}
    assert (await api.raw.get("/healthz", headers={"host": host})).status_code in {400, 403}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:9", "[::1]:80"])
async def test_names_of_this_device_are_accepted(api, host):
    headers = {"authorization": f"Bearer {api.token}", "host": host}
    assert (await api.raw.get("/v1/models", headers=headers)).status_code == 200


async def test_large_bodies_are_refused(api):
    headers = {"authorization": f"Bearer {api.token}"}
    large = b" " * ((1 << 20) + 1)

    async def piecewise():
        for start in range(0, len(large), 1 << 16):
            yield large[start : start + (1 << 16)]

    announced = await api.raw.post("/v1/chat/completions", content=large, headers=headers)
    assert announced.status_code == 413
    counted = await api.raw.post("/v1/chat/completions", content=piecewise(), headers=headers)
    assert counted.status_code == 413
    assert counted.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v2", 404), ("GET", "/v1/chat/completions", 405)])  # fmt: skip  # noqa: E501
async def test_unknown_routes_answer_in_the_same_shape(api, method, path, status):
    headers = {"authorization": f"Bearer {api.token}"}
    response = await api.raw.request(method, path, headers=headers)
    assert response.status_code == status
    assert response.json()["error"]["code"] == "INVALID_REQUEST"


async def test_bad_json_is_refused(api):
    headers = {"authorization": f"Bearer {api.token}", "content-type": "application/json"}
    response = await api.raw.post("/v1/chat/completions", content=b"{", headers=headers)
    assert response.status_code == 400


ENDLESS = 1_000_000


@pytest.fixture
def slowly(engine):
    """Answers have no end of their own, and their words come one by one."""
    engine.positions = 2 * ENDLESS
    never = threading.Event()
    engine.before_word = lambda: never.wait(timeout=0.002)


async def test_a_client_that_goes_away_ends_its_stream(api, engine, slowly):
    asked = request("q", max_tokens=ENDLESS)
    stream = await api.client.chat.completions.create(**asked, stream=True)
    await anext(stream)
    await stream.close()
    await eventually(lambda: engine.cancellations == 1)
    assert text_of(await api.ask())


async def test_a_client_that_goes_away_ends_its_whole_answer(api, engine, slowly):
    first = asyncio.create_task(api.ask(max_tokens=ENDLESS))
    second = asyncio.create_task(api.ask("another", max_tokens=ENDLESS))
    await eventually(lambda: engine.words > 2)
    # One is being answered and one waits; both are given up.
    for asking in (first, second):
        asking.cancel()
    await asyncio.wait({first, second})
    await eventually(lambda: engine.cancellations >= 1)
    assert text_of(await api.ask())


async def test_requests_wait_for_their_turn_and_too_many_are_refused(api, engine, gate):
    asking = [asyncio.create_task(api.ask(f"question {number}")) for number in range(6)]
    # One has its turn and two wait.
    await eventually(lambda: sum(task.done() for task in asking) == 3)
    refused = [task.exception() for task in asking if task.done()]
    assert {error.status_code for error in refused} == {503}
    assert {error.code for error in refused} == {"SERVICE_UNAVAILABLE"}
    assert all(int(error.response.headers["retry-after"]) >= 1 for error in refused)
    gate.set()
    answered = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(not isinstance(each, BaseException) for each in answered) == 3


async def test_a_failure_in_the_middle_of_a_stream_is_typed(api, engine):
    words = []

    def fail_at_the_third():
        words.append(True)
        if len(words) == 3:
            from pfi_common.errors import ServiceUnavailableError

            raise ServiceUnavailableError("out of memory")

    engine.before_word = fail_at_the_third
    with pytest.raises(openai.APIError) as caught:
        await api.stream()
    assert caught.value.code == "SERVICE_UNAVAILABLE"
    assert [error.reason for error in api.told.failures] == ["SERVICE_UNAVAILABLE"]


async def test_the_token_is_private_and_stays(api, tmp_path):
    token = tmp_path / "device" / "serving" / "api-token"
    assert token.stat().st_mode & 0o777 == 0o600
    assert token.read_text() == api.token
    assert len(api.token) >= 40


async def test_one_state_folder_has_one_api(api, tmp_path):
    from pfi_common.errors import AgentRunningError

    with pytest.raises(AgentRunningError):
        async with running_api(StateFolder(tmp_path / "device"), backbone_only=True):
            pass
    assert (await api.raw.get("/healthz")).is_success
