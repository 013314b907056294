"""Failures of backends by kind."""

from __future__ import annotations

import errno

import pytest
from obstore.exceptions import GenericError

from pfi_common.artifacts.failures import storage_failures
from pfi_common.errors import DiskFullError, StoreUnavailableError


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("by_obstore", [True, False])
def test_no_space_is_disk_full(number: int, by_obstore: bool) -> None:
    text = f"Generic LocalFileSystem error: Unable to copy data to file: x (os error {number})"
    failure = GenericError(text) if by_obstore else OSError(number, "x")
    with pytest.raises(DiskFullError), storage_failures():
        raise failure


@pytest.mark.parametrize("failure", [GenericError("connection reset"), OSError(errno.EIO, "x")])
def test_all_else_is_unavailable(failure: Exception) -> None:
    with pytest.raises(StoreUnavailableError) as caught, storage_failures():
        raise failure
    assert caught.value.__cause__ is failure


def test_not_found_is_left_to_the_caller() -> None:
    with pytest.raises(FileNotFoundError), storage_failures():
        raise FileNotFoundError
