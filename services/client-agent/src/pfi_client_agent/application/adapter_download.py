"""Fetches one adapter into the cache; an interrupted download goes on where it ended."""

import asyncio

from pfi_client_agent.adapters.adapter_cache import AdapterCache
from pfi_client_agent.adapters.aggregator_link import AggregatorLink
from pfi_client_agent.domain.training import Vector
from pfi_client_agent.domain.wanted_adapter import WantedAdapter
from pfi_common.errors import PayloadCorruptError


async def download_adapter(
    cache: AdapterCache, link: AggregatorLink, wanted: WantedAdapter
) -> Vector:
    """Give an adapter's coordinates; the digest of its form is checked.

    Raises:
        AdapterInvalidError: It does not have so many bytes.
        PayloadCorruptError: It has another digest.
        PlatformError: The aggregator refuses, or the connection broke.
    """
    if cache.part_bytes(wanted) >= wanted.payload_bytes:
        cache.drop_part(wanted)
    async for data in link.download(wanted, cache.part_bytes(wanted)):
        await asyncio.to_thread(cache.append, wanted, data)
    adapter = await asyncio.to_thread(cache.complete, wanted)
    if adapter is None:
        raise PayloadCorruptError("the downloaded adapter does not have its digest")
    return adapter
