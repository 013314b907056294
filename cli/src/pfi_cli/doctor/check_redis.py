"""The federation's Redis: version and settings."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import RedisError

from pfi_cli.doctor.findings import Finding, ok, problem, skipped, warning
from pfi_cli.doctor.redis_versions import PATCHES, missing_patch
from pfi_cli.doctor.scene import Scene
from pfi_cli.output.units import bytes_text

NAME = "redis"
OLDEST = (6, 2)
FULL = 0.8

_SECONDS = 1.5
_PRIVATE = "unix"


def check_redis(scene: Scene) -> Iterator[Finding]:
    """Asks the server what it is."""
    url = scene.redis_url
    if url is None:
        yield skipped(NAME, "", "no Redis is known", "Name one with --redis.")
        return
    parts = urlsplit(url)
    if parts.scheme == _PRIVATE and not Path(parts.path).exists():
        yield skipped(NAME, "", "the federation is stopped, and its Redis with it")
        return
    try:
        with Redis.from_url(
            url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS
        ) as client:
            # The client declares its answers for both of its worlds, with and without asyncio.
            info = cast("dict[str, Any]", client.info())
    except (RedisError, OSError, ValueError) as error:
        yield problem(NAME, "", f"no answer: {error}", "Start it, or check --redis.")
        return
    yield from judge(info, private=parts.scheme == _PRIVATE)


def judge(info: Mapping[str, Any], *, private: bool) -> Iterator[Finding]:
    """Judges the answer to INFO.

    Args:
        info: Its fields.
        private: Whether the server listens on a unix socket that its owner alone can open.
    """
    yield _version(info, private=private)
    yield _mode(info)
    yield _append_only(info)
    yield _eviction(info)
    yield _memory(info)


def _version(info: Mapping[str, Any], *, private: bool) -> Finding:
    product = str(info.get("server_name", "redis"))
    product = product if product in PATCHES else "redis"
    version = str(info.get(f"{product}_version", info["redis_version"]))
    title = f"{product.capitalize()} {version}"
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        return problem(NAME, "version", f"{title} is too old", "Start Redis 6.2 or later.")
    patch = missing_patch(product, version)
    if patch is None:
        return ok(NAME, "version", f"{title}, no hole known")
    who = "the owner of its unix socket alone" if private else "all who reach it with its password"
    found = f"{title} has {patch.advisory}: who may send commands may run code in it; that is {who}"
    return warning(NAME, "version", found, f"Use {product} {patch.release} or later.")


def _mode(info: Mapping[str, Any]) -> Finding:
    mode = str(info.get("redis_mode", info.get("server_mode", "standalone")))
    if mode == "standalone":
        return ok(NAME, "mode", "one server")
    step = "Give one server that is restarted in place: failover discards acknowledged writes."
    return problem(NAME, "mode", f"runs as {mode}", step)


def _append_only(info: Mapping[str, Any]) -> Finding:
    if not int(info.get("aof_enabled", 0)):
        step = "Set `appendonly yes`: a restart would lose the federation."
        return problem(NAME, "appendonly", "off", step)
    if info.get("aof_last_write_status", "ok") != "ok":
        return problem(NAME, "appendonly", "the last write failed", "Look at the disk of its data.")
    return ok(NAME, "appendonly", "on, and the last write succeeded")


def _eviction(info: Mapping[str, Any]) -> Finding:
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy == "noeviction":
        return ok(NAME, "maxmemory-policy", policy)
    step = "Set `maxmemory-policy noeviction`: nothing that it holds can be made again."
    return problem(NAME, "maxmemory-policy", policy, step)


def _memory(info: Mapping[str, Any]) -> Finding:
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    limit = limit or int(info.get("total_system_memory", 0))
    found = f"{bytes_text(used)} used of {bytes_text(limit)}"
    if limit and used > FULL * limit:
        return warning(NAME, "memory", found, "Raise maxmemory: it refuses writes when it is full.")
    return ok(NAME, "memory", found)
