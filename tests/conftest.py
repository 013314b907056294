"""Fixtures that every part's tests may use."""

from hypothesis import settings
from tests.support.redis import module_redis_url, own_redis, redis_server, redis_url, redis_url_of

__all__ = ["module_redis_url", "own_redis", "redis_server", "redis_url", "redis_url_of"]

# Everywhere as in CI: the same examples each time, however long a machine takes for one of them.
settings.load_profile("ci")
