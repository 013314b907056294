"""Builds what reads and writes a spool's encrypted files."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.reader import SpoolReader
from pfi_aggregator.adapters.spool.round_keys import RoundKeys
from pfi_aggregator.adapters.spool.wrapping_key import make_wrapping_key, read_wrapping_key
from pfi_aggregator.settings import AggregatorSettings, SpoolFolders

_KEYS = "spool-keys"
_WRAPPING_KEY = "spool-wrapping-key"


def own_round_keys(settings: AggregatorSettings) -> RoundKeys:
    """Opens the keys of a spool that this process owns; makes the wrapping key at the first time.

    Raises:
        SettingsInvalidError: the wrapping key is gone, or not one.
    """
    make_wrapping_key(_wrapping_key(settings), settings.state / _KEYS)
    return _open_keys(settings)


def spools_read(settings: AggregatorSettings) -> dict[str, SpoolFolders]:
    """Gives the folders of every spool that a worker reads, by spool."""
    if not settings.worker_reads_spool:
        return {}
    if settings.worker_spools is not None:
        return dict(settings.worker_spools)
    own = SpoolFolders(
        spool=settings.spool, state=settings.state, wrapping_key=settings.spool_wrapping_key
    )
    return {settings.spool_name: own}


def spool_openers(settings: AggregatorSettings) -> dict[str, Callable[[], SpoolReader]]:
    """Gives what opens each spool that a worker reads, by spool."""
    return {
        spool: partial(open_spool_reader, _with_folders(settings, folders))
        for spool, folders in spools_read(settings).items()
    }


def open_spool_reader(settings: AggregatorSettings) -> SpoolReader:
    """Opens a spool for reading, beside the aggregator that owns it.

    Raises:
        SettingsInvalidError: the wrapping key is not there, or not one.
    """
    return SpoolReader(SpoolLayout(settings.spool), _open_keys(settings))


def _with_folders(settings: AggregatorSettings, folders: SpoolFolders) -> AggregatorSettings:
    return settings.model_copy(
        update={
            "spool": folders.spool,
            "state": folders.state,
            "spool_wrapping_key": folders.wrapping_key,
        }
    )


def _open_keys(settings: AggregatorSettings) -> RoundKeys:
    return RoundKeys(settings.state / _KEYS, read_wrapping_key(_wrapping_key(settings)))


def _wrapping_key(settings: AggregatorSettings) -> Path:
    return settings.spool_wrapping_key or settings.state / _WRAPPING_KEY
