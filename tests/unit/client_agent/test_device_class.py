"""Names of device classes, and which client of a fleet has which."""

import pytest

from pfi_client_agent.domain.device_class import (
    DeviceClassInvalidError,
    parse_device_class,
    parse_device_classes,
)


@pytest.mark.parametrize("name", ["phone", "gpu-24", "a_b", "0", "x" * 32])
def test_names_that_are_taken(name):
    assert parse_device_class(name) == name


@pytest.mark.parametrize("name", ["", "Phone", "-a", "a b", "a,b", "x" * 33])
def test_names_that_are_refused(name):
    with pytest.raises(DeviceClassInvalidError, match="lower-case"):
        parse_device_class(name)


def test_the_classes_of_a_fleet():
    assert parse_device_classes("phone, laptop") == ("phone", "laptop")
    with pytest.raises(DeviceClassInvalidError):
        parse_device_classes("phone,")
