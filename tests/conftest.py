"""Fixtures that every part's tests may use."""

from tests.support.redis import module_redis_url, own_redis, redis_server, redis_url, redis_url_of

__all__ = ["module_redis_url", "own_redis", "redis_server", "redis_url", "redis_url_of"]
