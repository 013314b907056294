"""What no client may ever see of another: checks over a running service, each a function.

Every client has documents with canaries: strings that occur in its texts, names and labels and
nowhere else. A check fails with an AssertionError when a canary of another client's comes out.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from tests.support.rag.isolation_scene import (
    DOCUMENTS,
    SHARED_NAME,
    WORDS,
    Scene,
    Tenant,
    document_of,
)

from pfi.rag.v1 import retrieval_service_pb2 as wire
from pfi_client_agent.adapters.retrieval_link import OutgoingDocument
from pfi_common.errors import PlatformError
from pfi_common.rpc.errors import translated
from pfi_rag.domain.documents import document_id

SECONDS = 10


def assert_clean(scene: Scene, tenant: Tenant, *shown: object) -> None:
    """Raises: AssertionError: Something that a client was shown holds another's canary."""
    text = "\n".join(str(item) for item in shown)
    for other in scene.others(tenant):
        for canary in other.canaries:
            assert canary not in text, f"{tenant.client} was shown a canary of {other.client}"


async def told(call: Awaitable[Message]) -> object:
    """Gives the answer of a call, or the error that it ends with."""
    try:
        with translated():
            return await call
    except PlatformError as error:
        return (error.reason, error.message, error.details)


async def own_documents_are_found(scene: Scene) -> None:
    for tenant in scene.tenants:
        listed = await tenant.link.documents()
        assert sorted(item.document for item in listed) == sorted(tenant.documents)
        for canary in tenant.canaries[::3]:
            found = await tenant.link.search(canary, limit=1)
            assert canary in found.passages[0].text
        assert_clean(scene, tenant, *listed)


async def random_queries_show_nothing(scene: Scene, count: int = 200) -> None:
    generator = random.Random(0)
    everything = [canary for tenant in scene.tenants for canary in tenant.canaries]
    for _ in range(count // len(scene.tenants)):
        words = generator.sample(WORDS, generator.randint(1, 5))
        query = " ".join([*words, *generator.sample(everything, 2)])
        limit = generator.choice([1, 4, 50])
        found = await asyncio.gather(*(item.link.search(query, limit) for item in scene.tenants))
        for tenant, response in zip(scene.tenants, found, strict=True):
            assert_clean(scene, tenant, response)


async def filters_do_not_reach_others(scene: Scene) -> None:
    for tenant in scene.tenants:
        own = await _search(tenant, wire.SearchFilter(labels={"topic": tenant.canaries[2]}))
        assert tenant.canaries[0] in str(own)
        for narrowed in _filters(scene, tenant):
            assert_clean(scene, tenant, await _search(tenant, narrowed))


async def _search(tenant: Tenant, narrowed: wire.SearchFilter) -> object:
    request = wire.SearchPassagesRequest(query=" ".join(WORDS), limit=50, filter=narrowed)
    return await told(tenant.stub.SearchPassages(request, timeout=SECONDS))


def _filters(scene: Scene, tenant: Tenant) -> list[wire.SearchFilter]:
    others = scene.others(tenant)
    canaries = [canary for other in others for canary in other.canaries]
    ids = [document for other in others for document in other.documents]
    strange = [
        f'"}}]}},"should":[{{"key":"tenant","match":{{"value":"{others[0].partition}"}}}}]',
        f"../{others[0].partition}/documents",
        "\u202e\u0000*",
        "x" * 1024,
        "%' OR '1'='1",
    ]
    made = [wire.SearchFilter(documents=ids), wire.SearchFilter(documents=strange)]
    made += [wire.SearchFilter(name_prefix=text) for text in ["", *canaries, *strange]]
    made += [wire.SearchFilter(media_types=[text]) for text in ["text/markdown", *strange]]
    made += [wire.SearchFilter(labels={"topic": text[:128]}) for text in [*canaries, *strange]]
    made += [wire.SearchFilter(labels={text[:128]: "a"}) for text in strange]
    return [*made, wire.SearchFilter(added_after_time=Timestamp(seconds=1))]


async def ids_of_others_do_nothing(scene: Scene) -> None:
    before = await _everything(scene)
    for tenant in scene.tenants:
        foreign = [document for other in scene.others(tenant) for document in other.documents]
        foreign = [document for document in foreign if document not in tenant.documents]
        guessed = [document_id(f"guess-{number}") for number in range(20)]
        strange = ["", "*", "../" + scene.others(tenant)[0].partition, "d-%", "d-" + "0" * 5000]
        for document in [*foreign, *guessed, *strange]:
            request = wire.DeleteDocumentRequest(document=document)
            answer = await told(tenant.stub.DeleteDocument(request, timeout=SECONDS))
            assert_clean(scene, tenant, answer)
        forget = wire.ForgetDocumentsRequest(documents=[*foreign, *guessed, *strange])
        answer = await told(tenant.stub.ForgetDocuments(forget, timeout=SECONDS))
        assert_clean(scene, tenant, answer)
        assert isinstance(answer, Message)
        assert answer == wire.ForgetDocumentsResponse(
            kept_passages=answer.kept_passages, searched_files=answer.searched_files
        )
    assert await _everything(scene) == before


async def names_of_others_do_nothing(scene: Scene) -> None:
    """The same name at two clients is two documents; a name is never a path."""
    attacker, victim = scene.tenants[0], scene.tenants[1]
    before = await _of(victim)
    names = [
        SHARED_NAME,
        *(item.name for item in await victim.link.documents()),
        f"../{victim.partition}/documents/{victim.documents[0]}-000000000001.txt",
        f"../../{victim.partition}/owner.json",
        f"/{victim.partition}/current",
        "\u2025/\u2025/owner.json",
        'a"},"tenant":"' + victim.partition,
    ]
    taken = [OutgoingDocument(name, f"taken over {name}".encode()) for name in names[1:]]
    answers = [answer async for answer in attacker.link.add(taken)]
    assert_clean(scene, victim, *answers)
    assert await _of(victim) == before
    for document in {answer.document for answer in answers if answer.document}:
        if document not in attacker.documents:
            await attacker.link.delete(document)
    original, _ = document_of(attacker.client, 0)
    [answer async for answer in attacker.link.add([original])]
    assert await _of(victim) == before


async def page_tokens_of_others_are_refused(scene: Scene) -> None:
    for tenant in scene.tenants:
        for other in scene.others(tenant):
            first = await _page(other)
            assert first.next_page_token
            answer = await told(_page(tenant, first.next_page_token))
            assert isinstance(answer, tuple), "a page token of another client was taken"
            assert_clean(scene, tenant, answer)


async def _page(tenant: Tenant, token: str = "") -> wire.ListDocumentsResponse:
    request = wire.ListDocumentsRequest(page_size=1, page_token=token)
    return await tenant.stub.ListDocuments(request, timeout=SECONDS)


async def forgetting_reaches_no_other(scene: Scene) -> None:
    leaving, *staying = scene.tenants
    before = [await _of(tenant) for tenant in staying]
    await leaving.link.forget(None)
    assert [await _of(tenant) for tenant in staying] == before
    assert await leaving.link.documents() == []
    found = await leaving.link.search(" ".join(WORDS), limit=50)
    assert found.no_evidence
    documents = [document_of(leaving.client, number)[0] for number in range(DOCUMENTS)]
    [answer async for answer in leaving.link.add(documents)]


async def folders_hold_their_owners_alone(scene: Scene) -> None:
    for tenant in scene.tenants:
        folder = scene.root / tenant.partition
        assert folder.is_dir()
        data = b"".join(path.read_bytes() for path in folder.glob("documents/*"))
        assert tenant.canaries[0].encode() in data
        for other in scene.others(tenant):
            assert not any(canary.encode() in data for canary in other.canaries)


async def logs_tell_nothing(scene: Scene) -> None:
    """Last, so that all that the other checks did has been logged."""
    text = scene.log.getvalue()
    for tenant in scene.tenants:
        assert not any(canary in text for canary in tenant.canaries)
    for word in ("taken over", "owner.json", SHARED_NAME):
        assert word not in text


async def _of(tenant: Tenant) -> list[str]:
    listed = [str(item) for item in await tenant.link.documents()]
    found = await tenant.link.search(" ".join(WORDS), limit=50)
    return [*listed, *sorted(passage.text for passage in found.passages)]


async def _everything(scene: Scene) -> list[list[str]]:
    return [await _of(tenant) for tenant in scene.tenants]


Check = Callable[[Scene], Awaitable[None]]
CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        own_documents_are_found,
        random_queries_show_nothing,
        filters_do_not_reach_others,
        ids_of_others_do_nothing,
        names_of_others_do_nothing,
        page_tokens_of_others_are_refused,
        forgetting_reaches_no_other,
        folders_hold_their_owners_alone,
        logs_tell_nothing,
    )
}
