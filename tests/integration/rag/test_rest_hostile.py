"""What a careless or hostile client may send, over REST and gRPC."""

import pytest
from tests.support.rag.service import running_rag

from pfi.rag.v1 import retrieval_service_pb2 as wire
from pfi.rag.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from pfi_common.errors import InvalidRequestError
from pfi_common.rpc.errors import translated

pytestmark = pytest.mark.integration

CLIENT = "c-00000000000a"
JSON = {"content-type": "application/json"}


@pytest.fixture
async def rag(tmp_path):
    async with running_rag(tmp_path) as running:
        yield running


@pytest.mark.parametrize(
    "body",
    [
        rb'{"query": "a\ud800b"}',
        rb'{"query": "a", "\ud800": 1}',
        rb'{"query": "a", "filter": {"labels": {"\ud800": "x"}}}',
        rb'{"query": "a", "filter": {"name_prefix": "\udfff"}}',
        rb'{"query": "a", "limit": 1e400}',
        rb'{"query": "a", "limit": NaN}',
        b"[" * 100_000,
        b'{"query": "\xff"}',
        b"",
    ],
    ids=range(9),
)
async def test_a_body_that_is_no_search_is_refused_in_words(rag, body):
    async with rag.https(rag.federation.client(CLIENT)) as client:
        answer = await client.post("/v1/search", content=body, headers=JSON)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["reason"] == "INVALID_REQUEST"


@pytest.mark.parametrize(
    "body",
    [
        rb'{"documents": [{"name": "\ud800", "text": "x"}]}',
        rb'{"documents": [{"name": "a", "text": "\ud800"}]}',
        rb'{"documents": [{"name": "a", "text": "x", "\ud800": 1}]}',
    ],
)
async def test_documents_that_are_no_text_are_refused_in_words(rag, body):
    async with rag.https(rag.federation.client(CLIENT)) as client:
        answer = await client.post("/v1/documents", content=body, headers=JSON)
    assert answer.json().get("reason") == "INVALID_REQUEST", answer.text


@pytest.mark.parametrize("seconds", [2**62, -(2**62)])
async def test_a_time_that_is_none_is_refused_in_words(rag, seconds):
    request = wire.SearchPassagesRequest(query="a")
    request.filter.added_after_time.seconds = seconds
    async with rag.channel(rag.federation.client(CLIENT)) as channel:
        with pytest.raises(InvalidRequestError, match="added_after_time"), translated():
            await RetrievalServiceStub(channel).SearchPassages(request, timeout=10)
