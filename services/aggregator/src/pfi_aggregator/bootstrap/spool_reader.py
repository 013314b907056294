"""Builds what reads and writes a spool's encrypted files."""

from pathlib import Path

from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.reader import SpoolReader
from pfi_aggregator.adapters.spool.round_keys import RoundKeys
from pfi_aggregator.adapters.spool.wrapping_key import make_wrapping_key, read_wrapping_key
from pfi_aggregator.settings import AggregatorSettings

_KEYS = "spool-keys"
_WRAPPING_KEY = "spool-wrapping-key"


def own_round_keys(settings: AggregatorSettings) -> RoundKeys:
    """Opens the keys of a spool that this process owns; makes the wrapping key at the first time.

    Raises:
        SettingsInvalidError: the wrapping key is gone, or not one.
    """
    make_wrapping_key(_wrapping_key(settings), settings.state / _KEYS)
    return _open_keys(settings)


def open_spool_reader(settings: AggregatorSettings) -> SpoolReader:
    """Opens a spool for reading, beside the aggregator that owns it.

    Raises:
        SettingsInvalidError: the wrapping key is not there, or not one.
    """
    return SpoolReader(SpoolLayout(settings.spool), _open_keys(settings))


def _open_keys(settings: AggregatorSettings) -> RoundKeys:
    return RoundKeys(settings.state / _KEYS, read_wrapping_key(_wrapping_key(settings)))


def _wrapping_key(settings: AggregatorSettings) -> Path:
    return settings.spool_wrapping_key or settings.state / _WRAPPING_KEY
