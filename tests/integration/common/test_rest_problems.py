"""Problem documents: what every API says alike, and what each words itself."""

import httpx
import pytest
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException

from pfi_common.errors import ApiKeyInvalidError, ServiceUnavailableError
from pfi_common.rest.body_limit import limited
from pfi_common.rest.problems import Problems

pytestmark = pytest.mark.integration

CHALLENGED = Problems({404: "nothing is there"}, challenge="Bearer")
OPEN = Problems({404: "nothing is there"}, otherwise="it cannot be read")


async def answered(problems, path):
    app = FastAPI()
    problems.handle(app)

    @app.get("/key")
    async def key():
        raise ApiKeyInvalidError

    @app.get("/later")
    async def later():
        raise ServiceUnavailableError("full", retry_after_seconds=1.2)

    @app.get("/teapot")
    async def teapot():
        raise HTTPException(418)

    @app.get("/broken")
    async def broken():
        raise ValueError("a secret")

    @app.get("/number")
    async def number(count: int):
        return count

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get(path)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return answer


async def test_whoever_authenticates_by_a_header_is_challenged():
    assert (await answered(CHALLENGED, "/key")).headers["www-authenticate"] == "Bearer"
    assert "www-authenticate" not in (await answered(CHALLENGED, "/later")).headers
    assert "www-authenticate" not in (await answered(OPEN, "/key")).headers


async def test_a_delay_is_told_in_whole_seconds():
    answer = await answered(OPEN, "/later")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["retry_after_seconds"] == 1.2


@pytest.mark.parametrize("problems", [CHALLENGED, OPEN])
async def test_a_status_has_the_words_of_the_api(problems):
    assert (await answered(problems, "/nowhere")).json()["detail"] == "nothing is there"


async def test_any_other_status_has_what_is_said_otherwise():
    answer = await answered(OPEN, "/teapot")
    assert answer.status_code == 418
    assert answer.json()["detail"] == "it cannot be read"


async def test_a_field_is_named():
    detail = (await answered(OPEN, "/number?count=few")).json()["detail"]
    assert detail.startswith("query.count: ")


async def test_an_unforeseen_failure_tells_nothing():
    answer = await answered(OPEN, "/broken")
    assert answer.json()["reason"] == "INTERNAL"
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("parts", "status"), [((b"four", b"four"), None), ((b"four", b"five."), 413)]
)
async def test_a_body_ends_where_it_grows_too_large(parts, status):
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    waiting[-1]["more_body"] = False

    async def receive():
        return waiting.pop(0)

    request = Request({"type": "http"}, limited(receive, 8))
    if status is None:
        assert await request.body() == b"".join(parts)
    else:
        with pytest.raises(HTTPException) as refused:
            await request.body()
        assert refused.value.status_code == status
