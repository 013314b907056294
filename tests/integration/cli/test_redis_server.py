import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from pfi_cli.local.process_record import ProcessRecord
from pfi_cli.local.redis_server import RedisServer
from pfi_cli.local.waiting import wait_until
from pfi_common.errors import LocalFederationFailedError, StoreUnsuitableError

pytestmark = pytest.mark.integration

STARTS_AND_HANGS = """
import sys, signal
from pathlib import Path
from pfi_cli.local.redis_server import RedisServer
server = RedisServer(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
signal.pause()
"""


def test_it_is_durable_private_and_never_evicts(own_redis: RedisServer):
    with redis.Redis.from_url(own_redis.url) as connection:
        settings = connection.config_get("*")
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "everysec"
    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["port"] == "0"
    assert own_redis.socket_path.parent.stat().st_mode & 0o777 == 0o700


def test_data_and_url_survive_a_crash_and_a_restart(own_redis: RedisServer):
    url = own_redis.url
    with redis.Redis.from_url(url) as connection:
        connection.set("kept", "yes")
    own_redis.kill()
    assert not own_redis.running
    own_redis.start()
    assert own_redis.url == url
    with redis.Redis.from_url(url) as connection:
        assert connection.get("kept") == b"yes"


def test_a_second_server_on_a_folder_in_use_is_refused(own_redis: RedisServer, tmp_path: Path):
    with pytest.raises(LocalFederationFailedError, match="another Redis server uses"):
        RedisServer(tmp_path / "redis").start()
    assert own_redis.running


def test_it_ends_with_a_killed_parent_and_the_folder_can_be_used_again(tmp_path: Path):
    command = [sys.executable, "-c", STARTS_AND_HANGS, str(tmp_path / "redis")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        server = ProcessRecord.of(int(parent.stdout.readline()))
        assert server is not None
        os.kill(parent.pid, signal.SIGKILL)
    assert wait_until(lambda: not server.alive, 60)
    with RedisServer(tmp_path / "redis") as again:
        assert again.running


def test_data_of_a_newer_server_is_refused(tmp_path: Path):
    folder = tmp_path / "redis"
    folder.mkdir()
    (folder / "version.json").write_text('{"product": "redis", "version": "99.0.0"}')
    with pytest.raises(StoreUnsuitableError, match="as empty"):
        RedisServer(folder).start()


def test_stopping_removes_the_socket(own_redis: RedisServer):
    socket_path = own_redis.socket_path
    own_redis.stop()
    assert not socket_path.parent.exists()
    assert not own_redis.running
