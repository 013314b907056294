"""Addresses of replicas in Redis."""

from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.codec import REPLICA
from pfi_coordinator.adapters.redis.connection import RedisClient, fields, store_errors
from pfi_coordinator.domain.replicas import Replica


class RedisReplicaDirectory:
    """`pfi_coordinator.application.ports.replica_directory.ReplicaDirectory` on Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def announce(self, replica: Replica) -> None:
        """See ReplicaDirectory.announce."""
        async with store_errors():
            mapping = fields({replica.name: REPLICA.dump_json(replica)})
            await self._redis.hset(keys.REPLICAS, mapping=mapping)

    async def all(self) -> list[Replica]:
        """See ReplicaDirectory.all."""
        async with store_errors():
            found = await self._redis.hvals(keys.REPLICAS)
        return [REPLICA.validate_json(entry) for entry in found]
