"""The connection to the index of one that answers for days, while its certificate lasts one."""

from contextlib import asynccontextmanager

import pytest

from pfi.rag.v1 import retrieval_service_pb2 as wire
from pfi_client_agent.application.serving.retrieval import Retrieval
from pfi_common.errors import IdentityInvalidError, InvalidRequestError


class Link:
    """A connection; `failure` ends its searches."""

    def __init__(self):
        self.failure = None
        self.open = True

    async def search(self, query, limit):
        assert self.open
        if self.failure is not None:
            raise self.failure
        return wire.SearchPassagesResponse(mode=wire.RETRIEVAL_MODE_BM25)


@pytest.fixture
def links():
    return []


@pytest.fixture
def retrieval(links):
    @asynccontextmanager
    async def open_link():
        link = Link()
        links.append(link)
        yield link
        link.open = False

    return Retrieval(open_link, lambda: True)


async def test_a_connection_whose_certificate_expired_is_opened_again(retrieval, links):
    assert (await retrieval.find("question", 4)).mode == "bm25"
    links[0].failure = IdentityInvalidError("the certificate has expired")
    assert (await retrieval.find("question", 4)).mode == "bm25"
    assert [link.open for link in links] == [False, True]
    await retrieval.close()


async def test_an_identity_that_stays_invalid_is_told(retrieval, links, monkeypatch):
    await retrieval.find("question", 4)

    async def refused(self, query, limit):
        raise IdentityInvalidError("the certificate has expired")

    monkeypatch.setattr(Link, "search", refused)
    with pytest.raises(IdentityInvalidError):
        await retrieval.find("question", 4)
    assert len(links) == 2
    await retrieval.close()


async def test_another_refusal_keeps_the_connection(retrieval, links):
    await retrieval.find("question", 4)
    links[0].failure = InvalidRequestError("no")
    with pytest.raises(InvalidRequestError):
        await retrieval.find("question", 4)
    assert [link.open for link in links] == [True]
    await retrieval.close()
