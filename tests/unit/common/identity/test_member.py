import pytest

from pfi_common.errors import IdentityInvalidError
from pfi_common.identity import Identity

MEMBERS = [
    Identity("example", "client", "c-0123456789ab"),
    Identity("example.org", "service", "coordinator"),
    Identity("example", "service", "aggregator/spool-0"),
    Identity("example", "signer", "aggregator/spool-0"),
]


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.uri)
def test_a_name_is_read_as_it_was_written(member):
    assert Identity.parse(member.uri) == member


def test_the_uri_is_a_spiffe_id():
    assert MEMBERS[2].uri == "spiffe://example/service/aggregator/spool-0"


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "example/client/c-1",
        "https://example/client/c-1",
        "spiffe://example",
        "spiffe://example/client",
        "spiffe://example/client/",
        "spiffe://example//c-1",
        "spiffe:///client/c-1",
        "spiffe://example/admin/c-1",
        "spiffe://example/client/c-1/",
        "spiffe://example/client/a/b/c",
        "spiffe://example/client/../c-1",
        "spiffe://example/client/C-1",
        "spiffe://example/client/c-1\n",
        "spiffe://Example/client/c-1",
        "spiffe://example:443/client/c-1",
        "spiffe://user@example/client/c-1",
        "spiffe://example/client/c 1",
        "spiffe://example/client/c-1?x=1",
        "spiffe://example/client/" + "c" * 64,
    ],
)
def test_anything_else_is_refused(uri):
    with pytest.raises(IdentityInvalidError):
        Identity.parse(uri)


def test_a_name_cannot_be_made_that_reads_as_another():
    with pytest.raises(IdentityInvalidError):
        Identity("example/client", "service", "c-1")
