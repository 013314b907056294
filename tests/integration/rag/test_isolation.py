"""No client sees anything of another; and the checks that say so notice when one does."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.rag.isolation import (
    CHECKS,
    logs_tell_nothing,
    random_queries_show_nothing,
)
from tests.support.rag.isolation_scene import Scene, isolation_scene

from pfi_common.errors import PlatformError
from pfi_rag.adapters.edge import opened
from pfi_rag.domain import ownership

pytestmark = pytest.mark.integration

QUERIES = 10_000


@pytest.fixture
def shared_location(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Everybody's index is in the same place."""
    monkeypatch.setattr(ownership, "partition_of", lambda owner: "0" * 64)
    return monkeypatch


async def failures(folder: Path) -> dict[str, BaseException]:
    """Runs every check and gives those that fail, with how."""
    failed: dict[str, BaseException] = {}
    try:
        async with isolation_scene(folder) as scene:
            for name, check in CHECKS.items():
                try:
                    await check(scene)
                except (AssertionError, PlatformError, IndexError) as error:
                    failed[name] = error
    except* PlatformError as group:
        failed["the scene"] = group
    return failed


async def test_no_check_fails(tmp_path: Path) -> None:
    assert await failures(tmp_path) == {}


async def test_the_checks_fail_when_everybody_has_the_same_location(
    tmp_path: Path, shared_location: pytest.MonkeyPatch
) -> None:
    """The key in the index is the second line: it refuses whoever comes after the first."""
    assert await failures(tmp_path) != {}


async def test_the_checks_see_the_leak_when_nothing_else_stands_in_its_way(
    tmp_path: Path, shared_location: pytest.MonkeyPatch
) -> None:
    """Without that second line, and with an owner that is everybody, canaries come out."""
    shared_location.setattr(opened, "check_owner", lambda layout, owner: None)
    everybody = ownership.Owner("example", "c-000000000000", "0" * 64)
    shared_location.setattr(
        "pfi_rag.entrypoints.retrieval_servicer.owner_of", lambda caller: everybody
    )
    failed = await failures(tmp_path)
    assert "canary" in str(failed["random_queries_show_nothing"])
    assert {
        "own_documents_are_found",
        "random_queries_show_nothing",
        "filters_do_not_reach_others",
        "ids_of_others_do_nothing",
        "page_tokens_of_others_are_refused",
        "forgetting_reaches_no_other",
    } <= set(failed)


@pytest.mark.slow
async def test_many_queries_show_nothing(tmp_path: Path) -> None:
    async with isolation_scene(tmp_path) as scene:
        await random_queries_show_nothing(scene, QUERIES)
        await logs_tell_nothing(scene)


async def test_queries_beside_each_other_show_nothing(tmp_path: Path) -> None:
    async with isolation_scene(tmp_path) as scene:
        await asyncio.gather(*(_ask_and_write(scene, number) for number in range(4)))


async def _ask_and_write(scene: Scene, number: int) -> None:
    tenant = scene.tenants[number % len(scene.tenants)]
    await random_queries_show_nothing(scene, 60)
    await tenant.link.forget(["d-" + "0" * 16])
    await random_queries_show_nothing(scene, 60)
