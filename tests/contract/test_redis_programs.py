"""The contracts of the stores meet every Redis server that is found."""

import pytest
import redis
from tests.support.redis import redis_programs

from pfi_cli.local.redis_program import read_version

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("program", redis_programs(), ids=str)
def test_the_server_is_of_the_program_that_was_asked_for(program, redis_url_of):
    with redis.Redis.from_url(redis_url_of(program)) as connection:
        facts = connection.info("server")
    assert facts.get("valkey_version", facts["redis_version"]) == read_version(program).version
