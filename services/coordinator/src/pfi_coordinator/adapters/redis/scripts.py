"""Lua scripts, run by their digest and loaded again when the server does not know them."""

from collections.abc import Sequence
from importlib.resources import files

from pfi_coordinator.adapters.redis.connection import RedisClient, store_errors

Argument = str | bytes | int | float


class Script:
    """One script of the folder `lua`."""

    def __init__(self, redis: RedisClient, name: str) -> None:
        source = files("pfi_coordinator.adapters.redis").joinpath("lua", f"{name}.lua")
        self._script = redis.register_script(source.read_text())

    async def __call__(self, keys: Sequence[str], arguments: Sequence[Argument]) -> object:
        """Runs the script.

        Raises:
            StoreUnavailableError: Redis does not answer.
        """
        async with store_errors():
            reply: object = await self._script(keys=list(keys), args=list(arguments))
        return reply
