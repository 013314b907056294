"""Two clients and one service over real mutual TLS: REST."""

import asyncio
import ssl

import httpx
import pytest
from tests.support.certificates import FederationFixture
from tests.support.clock import ManualClock
from tests.support.rag.service import running_rag

from pfi_common.clock import SystemClock

pytestmark = pytest.mark.integration

ALICE, BOB = "c-00000000000a", "c-00000000000b"
PLAN = {"name": "plan.md", "text": "# Plan\n\nThe gardener waters the orchids on Friday."}


@pytest.fixture
async def rag(tmp_path):
    async with running_rag(tmp_path) as running:
        yield running


@pytest.fixture
async def alice(rag):
    async with rag.https(rag.federation.client(ALICE)) as client:
        yield client


async def test_a_document_goes_its_whole_way(alice):
    added = await alice.post("/v1/documents", json={"documents": [PLAN]})
    assert added.status_code == 200
    [document] = added.json()["documents"]
    assert document | {"document": ""} == {
        "name": "plan.md", "document": "", "outcome": "added", "passages": 1,
        "reason": None, "detail": None,
    }  # fmt: skip

    found = (await alice.post("/v1/search", json={"query": "orchids", "limit": 2})).json()
    assert found["mode"] == "hybrid"
    assert found["passages"][0]["name"] == "plan.md"
    assert found["passages"][0]["headings"] == ["Plan"]

    listed = (await alice.get("/v1/documents")).json()
    assert [item["document"] for item in listed["documents"]] == [document["document"]]
    assert (await alice.get("/v1/index")).json()["documents"] == 1

    deleted = await alice.delete(f"/v1/documents/{document['document']}")
    assert deleted.json() == {"passages": 1}
    again = await alice.delete(f"/v1/documents/{document['document']}")
    assert (again.status_code, again.json()["reason"]) == (404, "DOCUMENT_UNKNOWN")
    assert again.headers["content-type"] == "application/problem+json"

    forgotten = (await alice.post("/v1/forget", json={"everything": True})).json()
    assert forgotten["files_with_text"] == 0


async def test_files_of_a_form_are_added_each_with_an_answer(alice):
    files = [
        ("files", ("notes/a.md", b"# A\n\nalpha", "text/markdown")),
        ("files", ("b.py", b"def b():\n    pass\n", "text/x-python")),
        ("files", ("c.png", b"\x89PNG\r\n\x1a\n", "image/png")),
    ]
    answer = (await alice.post("/v1/documents", files=files)).json()["documents"]
    assert [item["outcome"] for item in answer] == ["added", "added", "refused"]
    assert answer[2]["reason"] == "DOCUMENT_UNSUPPORTED"
    listed = (await alice.get("/v1/documents")).json()["documents"]
    assert {item["name"]: item["media_type"] for item in listed} == {
        "notes/a.md": "text/markdown", "b.py": "text/x-source",
    }  # fmt: skip


async def test_whose_index_it_is_follows_from_the_connection_alone(rag, alice):
    await alice.post("/v1/documents", json={"documents": [PLAN]})
    [listed] = (await alice.get("/v1/documents")).json()["documents"]
    forged = {
        "X-Client-Cert": "anything",
        "X-Forwarded-Client-Cert": f"URI=spiffe://example/client/{ALICE}",
        "X-SSL-Client-S-DN": ALICE,
        "Authorization": f"Bearer {ALICE}",
    }
    async with rag.https(rag.federation.client(BOB)) as bob:
        assert (await bob.get("/v1/documents", headers=forged)).json()["documents"] == []
        found = await bob.post("/v1/search", json={"query": "orchids"}, headers=forged)
        assert found.json()["no_evidence"]
        gone = await bob.delete(f"/v1/documents/{listed['document']}", headers=forged)
        assert gone.status_code == 404
        named = await bob.post("/v1/search", json={"query": "orchids", "client": ALICE})
        assert named.status_code == 400


async def test_both_apis_see_the_same_index(rag, alice):
    await alice.post("/v1/documents", json={"documents": [PLAN]})
    async with rag.https(rag.federation.client(ALICE)) as foreign_key:
        refused = await foreign_key.get("/v1/documents")
    assert (refused.status_code, refused.json()["reason"]) == (403, "INDEX_FOREIGN")


async def test_without_a_certificate_there_is_no_connection(rag):
    async with rag.https(None) as nobody:
        for path in ("/v1/documents", "/healthz", "/metrics"):
            with pytest.raises((httpx.TransportError, ssl.SSLError)):
                await nobody.get(path)


async def test_strangers_and_services_do_not_get_in(rag, tmp_path):
    stranger = FederationFixture(tmp_path / "other").client(ALICE)
    async with rag.https(stranger) as client:
        with pytest.raises((httpx.TransportError, ssl.SSLError)):
            await client.get("/v1/index")
    async with rag.https(rag.federation.service("coordinator")) as client:
        refused = await client.get("/v1/index")
    assert (refused.status_code, refused.json()["reason"]) == (403, "PERMISSION_DENIED")


async def test_a_certificate_that_expires_while_connected_is_refused(tmp_path):
    clock = ManualClock(SystemClock().now())
    async with (
        running_rag(tmp_path, clock=clock) as rag,
        rag.https(rag.federation.client(ALICE)) as client,
    ):
        assert (await client.get("/v1/index")).status_code == 200
        clock.advance(2 * 86_400)
        refused = await client.get("/v1/index")
    assert (refused.status_code, refused.json()["reason"]) == (401, "IDENTITY_INVALID")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/search", {"query": ""}, 400),
        ("/v1/search", {"query": "x", "limit": 51}, 400),
        ("/v1/search", {}, 400),
        ("/v1/documents", {"documents": []}, 400),
        ("/v1/documents", {"documents": [{"name": "a", "text": "x", "owner": "b"}]}, 400),
        ("/v1/forget", {}, 400),
        ("/v1/forget", {"documents": ["d-0000000000000000"], "everything": True}, 400),
        ("/v1/nothing", {}, 404),
    ],
)
async def test_requests_that_break_a_rule_are_problems(alice, path, body, status):
    answer = await alice.post(path, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["reason"] == "INVALID_REQUEST"


async def test_a_body_of_another_kind_is_a_problem(alice):
    answer = await alice.post("/v1/documents", content=b"text")
    assert answer.status_code == 415
    broken = await alice.post(
        "/v1/documents",
        content=b"no form",
        headers={"content-type": "multipart/form-data; boundary=x"},
    )
    assert broken.status_code == 400


async def test_a_body_that_is_too_large_is_refused(tmp_path):
    async with (
        running_rag(tmp_path, maximum_document_bytes=1000) as rag,
        rag.https(rag.federation.client(ALICE)) as client,
    ):
        large = {"documents": [{"name": "a", "text": "x" * (2 << 20)}]}
        answer = await client.post("/v1/documents", json=large)
        assert answer.status_code == 413
        small = {"documents": [{"name": "a", "text": "x" * 1001}]}
        [refused] = (await client.post("/v1/documents", json=small)).json()["documents"]
    assert refused["reason"] == "DOCUMENT_TOO_LARGE"


async def test_operators_see_health_and_metrics_without_names(rag, alice):
    await alice.post("/v1/documents", json={"documents": [PLAN]})
    [listed] = (await alice.get("/v1/documents")).json()["documents"]
    await alice.delete(f"/v1/documents/{listed['document']}")
    await alice.get("/elsewhere/secret")
    assert (await alice.get("/healthz")).text == "alive\n"
    assert (await alice.get("/readyz")).text == "ready\n"
    text = (await alice.get("/metrics")).text
    assert 'pfi_rag_documents_total{outcome="added"} 1.0' in text
    route = 'pfi_rag_rest_requests_total{route="/v1/documents/{document}",status="200"} 1.0'
    assert route in text
    for private in (listed["document"], ALICE, "secret", "plan.md"):
        assert private not in text


async def test_many_requests_at_once_keep_their_owners(rag):
    clients = {name: rag.federation.client(name) for name in (ALICE, BOB)}

    async def work(name: str, number: int) -> None:
        async with rag.https(clients[name]) as https:
            body = {"documents": [{"name": f"{name}-{number}", "text": f"text {number}"}]}
            assert (await https.post("/v1/documents", json=body)).status_code == 200

    async with asyncio.TaskGroup() as group:
        for number in range(6):
            for name in clients:
                group.create_task(work(name, number))
    for name, identity in clients.items():
        async with rag.https(identity) as https:
            listed = (await https.get("/v1/documents")).json()["documents"]
        assert [item["name"] for item in listed] == [f"{name}-{n}" for n in range(6)]
