"""The part of a run specification that says which devices may be selected."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from pfi_common.spec.part import Count, SpecPart

_HIGHEST_BYTES = (1 << 53) - 1


def _one_message(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    """Says once what is wrong, and not once for each of the kinds of value."""
    try:
        return validate(value)
    except ValidationError as error:
        message = "must be any, estimate or a whole number of bytes of at least 1"
        raise ValueError(message) from error


Memory = Annotated[
    Literal["any", "estimate"] | Annotated[int, Field(ge=1, le=_HIGHEST_BYTES)],
    WrapValidator(_one_message),
]


class Eligible(SpecPart):
    """What a device has to be like to be selected. A demand is not met by an unknown value.

    Agents tell their state when they connect and when it changes. A device that says that it has no
    battery meets every demand on battery and charging.
    """

    minimum_rows: Count = 1
    """Fewest rows that the device may train on"""
    battery_at_least: Annotated[int, Field(ge=0, le=100)] = 0
    """Lowest charge of the battery in percent; 0 demands nothing"""
    charging: bool = False
    """Only devices whose power is plugged in"""
    unmetered: bool = False
    """Only devices on a network that does not cost by volume, as their owners say"""
    idle: bool = False
    """Only devices whose processors other work leaves mostly free"""
    memory: Memory = "any"
    """Memory that training may use on the device: any, a number of bytes, or the stated estimate"""
