"""Finds what the checks look at."""

from collections.abc import Iterable
from pathlib import Path

from pfi_cli.doctor.scene import Scene, agent_folders
from pfi_cli.local.federation_file import read_federation
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.redis_server import RedisServer
from pfi_cli.settings import CliSettings
from pfi_common.clock import SystemClock


def set_scene(
    settings: CliSettings,
    *,
    spec: Path | None,
    backbone: Path | None,
    agents: Iterable[Path],
    redis_url: str | None,
) -> Scene:
    """Puts together what was named and what the state folder tells.

    Raises:
        LocalFederationFailedError: The state folder's file is damaged.
    """
    layout = StateLayout(settings.state)
    federation = read_federation(layout)
    remote = settings.url is not None
    admin = None if federation is None or not federation.anything_runs else federation.admin
    local_url = None if admin is None else f"https://{admin}"
    local_redis = RedisServer(layout.redis).url if layout.redis.is_dir() else None
    return Scene(
        layout=layout,
        federation=federation,
        url=settings.url if remote else local_url,
        authority=settings.authority if remote else layout.authority,
        redis_url=redis_url or local_redis,
        agents=agent_folders(layout, agents),
        spec=spec,
        backbone=backbone,
        clock=SystemClock(),
    )
