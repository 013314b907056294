"""Fetches one adapter into the cache; an interrupted download goes on where it ended."""

import asyncio

from pfi_client_agent.adapters.adapter_cache import AdapterCache
from pfi_client_agent.adapters.aggregator_link import AggregatorLink
from pfi_client_agent.domain.training import Vector
from pfi_common.errors import PayloadCorruptError

COORDINATE_BYTES = 4
"""An adapter's payload is float32."""


async def download_adapter(
    cache: AdapterCache, link: AggregatorLink, digest: str, expected_bytes: int
) -> Vector:
    """Give an adapter's coordinates; its digest is checked.

    Raises:
        AdapterInvalidError: It does not have so many bytes.
        PayloadCorruptError: It has another digest.
        PlatformError: The aggregator refuses, or the connection broke.
    """
    if cache.part_bytes(digest) >= expected_bytes:
        cache.drop_part(digest)
    async for data in link.download(digest, cache.part_bytes(digest), expected_bytes):
        await asyncio.to_thread(cache.append, digest, data)
    adapter = await asyncio.to_thread(cache.complete, digest)
    if adapter is None:
        raise PayloadCorruptError("the downloaded adapter does not have its digest")
    return adapter
