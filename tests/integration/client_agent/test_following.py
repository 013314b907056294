"""Answers follow what the federation publishes; real gRPC, real torch on a tiny backbone."""

import asyncio
import threading

import numpy as np
import openai
import pytest
from tests.support.client_agent.answering import extension, running_api, text_of
from tests.support.client_agent.serving import (
    MemoryAnswerEngine,
    random_adapter,
    write_chat_backbone,
)
from tests.support.grpc_server import eventually

from pfi.coordinator.v1.task_pb2 import Classification
from pfi_client_agent.adapters.personal_store import PersonalMeta, PersonalStore
from pfi_client_agent.domain.answering import AdapterWeights
from pfi_client_agent.domain.personal_schema import personal_schema
from pfi_client_agent.domain.training import PersonalAdapter
from pfi_common.errors import AdapterUnknownError, ServiceUnavailableError

pytestmark = pytest.mark.integration


@pytest.fixture(scope="session")
def chat_backbone(tmp_path_factory):
    return write_chat_backbone(tmp_path_factory.mktemp("chat"))


@pytest.fixture
def schema(chat_backbone):
    return chat_backbone.schema()


@pytest.fixture
def publish(federation, chat_backbone, schema):
    def make(version, **changes):
        adapter = random_adapter(schema, seed=version, scale=1.5)
        return federation.serving.publish(chat_backbone.reference, adapter, version, **changes)

    return make


async def settled(federation, polls=3):
    """Wait until the agent has asked a few more times."""
    wanted = len(federation.serving.asked) + polls
    await eventually(lambda: len(federation.serving.asked) >= wanted)


async def test_a_new_version_answers_without_a_restart(folder, publish):
    publish(1)
    async with running_api(folder) as api:
        first = await api.ask()
        publish(2)
        await api.until_version(2)
        second = await api.ask()
    told = extension(first)["adapter"]
    assert (told["run"], told["line"], told["version"]) == ("r-0000000001", "global", 1)
    assert extension(second)["adapter"]["version"] == 2
    assert text_of(first) != text_of(second)


async def test_no_request_sees_half_of_a_swap(folder, publish):
    """Every answer while versions change is, word by word, that of the version it names."""
    expected = {}
    async with running_api(folder) as api:
        for version in (1, 2, 3):
            publish(version)
            await api.until_version(version)
            expected[version] = text_of(await api.ask())
    assert len(set(expected.values())) == 3
    publish(1)
    seen: list[tuple[int, str]] = []

    async def keep_asking(api, done):
        while not done.is_set():
            answer = await api.ask()
            seen.append((extension(answer)["adapter"]["version"], text_of(answer)))

    async with running_api(folder, poll_seconds=0.002) as api:
        done = asyncio.Event()
        asking = [asyncio.create_task(keep_asking(api, done)) for _ in range(3)]
        for version in (2, 3, 1, 2, 3, 1, 2, 3):
            publish(version)
            told, answered = len(api.told.adapters), len(seen)

            def exchanged(version=version, told=told, answered=answered):
                later = {answers for answers, _ in seen[answered:]}
                return len(api.told.adapters) > told and version in later

            await eventually(exchanged)
        done.set()
        await asyncio.gather(*asking)
    assert {version for version, _ in seen} == {1, 2, 3}
    assert all(text == expected[version] for version, text in seen)


async def test_an_answer_that_has_begun_finishes_on_its_version(
    folder, publish, chat_backbone, monkeypatch, federation
):
    engine = MemoryAnswerEngine(chat_backbone.reference)
    builder = "pfi_client_agent.bootstrap_serving.build_engine"
    monkeypatch.setattr(builder, lambda _folder, _options: engine)
    publish(1)
    async with running_api(folder) as api:
        undisturbed = text_of(await api.ask())
        gate, begun = threading.Event(), threading.Event()

        def wait():
            begun.set()
            gate.wait(timeout=60)

        engine.before_word = wait
        asking = asyncio.create_task(api.ask())
        await eventually(begun.is_set)
        publish(2)
        # The answer holds the engine's thread, so the swap waits for it.
        await eventually(lambda: len(federation.aggregator.downloads) == 2)
        gate.set()
        answer = await asking
        await api.until_version(2)
        assert text_of(await api.ask()) != undisturbed
    assert text_of(answer) == undisturbed
    assert extension(answer)["adapter"]["version"] == 1


@pytest.mark.parametrize("fault", ["nan", "tensors", "schema_digest", "backbone", "classifier"])
async def test_what_does_not_fit_is_refused_and_the_old_goes_on(
    folder, federation, publish, chat_backbone, fault
):
    schema = chat_backbone.schema()
    publish(1)
    async with running_api(folder) as api:
        before = text_of(await api.ask())
        if fault == "nan":
            broken = AdapterWeights(schema, np.full(schema.coordinate_count, np.nan, np.float32))
            federation.serving.publish(chat_backbone.reference, broken, 2)
        elif fault == "tensors":
            other = type(schema)(schema.tensors[2:], 4, 8, schema.target_modules)
            federation.serving.publish(chat_backbone.reference, random_adapter(other, 2), 2)
        elif fault == "schema_digest":
            federation.serving.publish(
                chat_backbone.reference, random_adapter(schema, 2), 2
            ).adapter.schema_digest = "0" * 64
        elif fault == "backbone":
            publish(2, backbone_digest="0" * 64)
        else:
            publish(2, classification=Classification(labels=["a", "b"]))
        await eventually(lambda: api.told.refusals)
        await settled(federation)
        answer = await api.ask()
        assert len(api.told.refusals) == 1
        publish(3)
        await api.until_version(3)
        cured = extension(await api.ask())["adapter"]
    adapter = extension(answer)["adapter"]
    assert text_of(answer) == before
    assert adapter["version"] == 1
    reasons = {"nan": "ADAPTER_INVALID", "backbone": "BACKBONE_MISMATCH"}
    assert adapter["refused"]["reason"] == reasons.get(fault, "SCHEMA_MISMATCH")
    assert adapter["refused"]["version"] == 2
    assert (cured["version"], cured["refused"]) == (3, None)


async def test_a_classifier_cannot_chat(folder, publish):
    publish(1, classification=Classification(labels=["a", "b"]))
    async with running_api(folder) as api:
        await eventually(lambda: api.told.refusals)
        with pytest.raises(openai.ConflictError, match="sequence-classification"):
            await api.ask()


async def test_a_download_that_breaks_is_tried_again(folder, publish, federation):
    federation.aggregator.faults.cut_downloads.append(600)
    federation.aggregator.faults.corrupt_downloads = 1
    publish(1)
    async with running_api(folder) as api:
        await api.until_version(1)
        assert text_of(await api.ask())
    assert len(federation.aggregator.downloads) >= 2


async def test_without_a_connection_the_last_known_adapter_answers(folder, publish, federation):
    publish(1)
    async with running_api(folder) as api:
        online = text_of(await api.ask())
    federation.serving.answer = ServiceUnavailableError()
    downloads = len(federation.aggregator.downloads)
    async with running_api(folder) as api:
        answer = await api.ask()
        assert text_of(answer) == online
        assert extension(answer)["adapter"]["version"] == 1
        assert [error.reason for error in api.told.unreachable] == ["SERVICE_UNAVAILABLE"]
        publish(2)
        await api.until_version(2)
    assert len(federation.aggregator.downloads) == downloads + 1


async def test_before_the_first_publication_requests_are_refused_for_now(
    folder, publish, federation, chat_backbone
):
    federation.serving.answer = AdapterUnknownError()
    async with running_api(folder, backbone=chat_backbone.folder) as api:
        assert (await api.raw.get("/healthz")).status_code == 503
        with pytest.raises(openai.InternalServerError, match="not published an adapter yet"):
            await api.ask()
        publish(1)
        await api.until_version(1)
        assert (await api.raw.get("/healthz")).status_code == 200
        assert text_of(await api.ask())


async def test_the_backbone_alone_asks_nobody(folder, federation, chat_backbone, publish):
    publish(1)
    options = {"backbone": chat_backbone.folder, "backbone_only": True}
    async with running_api(folder, **options) as api:
        adapter = extension(await api.ask())["adapter"]
    assert adapter["run"] is None
    assert federation.serving.asked == []


async def test_a_named_run_is_asked_for(folder, federation, publish):
    publish(1)
    async with running_api(folder, run="tiny") as api:
        await api.ask()
    assert set(federation.serving.asked) == {"tiny"}


def store_personal(folder, chat_backbone, schema, seed, **changes):
    """Keep a personal adapter as training does."""
    own = personal_schema(schema, rank=2, alpha=4)
    meta = PersonalMeta(
        run="r-0000000001",
        round=1,
        backbone_model="tiny",
        backbone_digest=chat_backbone.reference.digest,
        shared_digest="0" * 64,
        shared_schema_digest=schema.digest,
        rank=2,
        alpha=4,
        sha256="",
        loss=1.0,
    )
    values = vars(meta) | changes
    vector = random_adapter(own, seed, 1.5).vector
    PersonalStore(folder.personal).save(PersonalAdapter(own, vector), PersonalMeta(**values))


async def test_the_personal_adapter_is_worn_followed_and_left_out_on_request(
    folder, publish, chat_backbone, schema, federation
):
    publish(1)
    async with running_api(folder) as api:
        without = await api.ask()
        store_personal(folder, chat_backbone, schema, 1)
        await eventually(lambda: api.told.adapters[-1].personal is not None)
        first = await api.ask()
        declined = await api.ask(pfi={"personal": False})
        again = await api.ask()
        changes = len(api.told.adapters)
        store_personal(folder, chat_backbone, schema, 2)
        await eventually(lambda: len(api.told.adapters) > changes)
        second = await api.ask()
        await settled(federation)
        assert len(api.told.adapters) == changes + 1
    assert extension(without)["adapter"]["personal"] is False
    assert "no personal adapter" in extension(without)["adapter"]["personal_left_out"]
    assert extension(first)["adapter"]["personal"] is True
    assert text_of(declined) == text_of(without)
    assert extension(declined)["adapter"]["personal_left_out"] == "the request does not want it"
    assert text_of(again) == text_of(first)
    assert len({text_of(answer) for answer in (without, first, second)}) == 3


@pytest.mark.parametrize(
    "changes",
    [{"backbone_digest": "1" * 64}, {"shared_schema_digest": "1" * 64}, {"run": "r-other"}],
)
async def test_a_personal_adapter_of_something_else_is_left_out(
    folder, publish, chat_backbone, schema, changes
):
    publish(1)
    store_personal(folder, chat_backbone, schema, 1, **changes)
    async with running_api(folder) as api:
        adapter = extension(await api.ask())["adapter"]
    assert adapter["personal"] is False
    assert adapter["personal_left_out"]


async def test_a_damaged_personal_adapter_is_left_out(folder, publish, chat_backbone, schema):
    publish(1)
    store_personal(folder, chat_backbone, schema, 1)
    weights = folder.personal / "r-0000000001" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    async with running_api(folder) as api:
        answer = await api.ask()
    assert extension(answer)["adapter"]["personal"] is False
    assert "not what the agent wrote" in extension(answer)["adapter"]["personal_left_out"]
