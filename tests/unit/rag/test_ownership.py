"""Whose index a certificate leads to."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.certificates import FederationFixture

from pfi_common.errors import PermissionDeniedError
from pfi_rag.domain.ownership import Owner, index_location, owner_of, partition_of, tenant_filter

OWNER = Owner("example", "c-1", "ab" * 32)


def test_a_client_owns_by_its_certificate(tmp_path: Path) -> None:
    identity = FederationFixture(tmp_path).client("c-000000000001")
    owner = owner_of(identity)
    assert owner.uri == "spiffe://example/client/c-000000000001"
    assert owner.key_sha256 == identity.key_sha256


def test_a_service_owns_nothing(tmp_path: Path) -> None:
    with pytest.raises(PermissionDeniedError):
        owner_of(FederationFixture(tmp_path).service())


def test_folder_and_tenant_are_the_same_partition() -> None:
    assert index_location(Path("/indexes"), OWNER) == Path("/indexes") / partition_of(OWNER)
    assert tenant_filter(OWNER).value == partition_of(OWNER)


@pytest.mark.parametrize("changes", [{"federation": "other"}, {"client": "c-2"}])
def test_another_name_is_another_partition(changes: dict[str, str]) -> None:
    assert partition_of(replace(OWNER, **changes)) != partition_of(OWNER)


def test_a_renewed_certificate_leads_to_the_same_partition() -> None:
    assert partition_of(replace(OWNER, key_sha256="cd" * 32)) == partition_of(OWNER)
