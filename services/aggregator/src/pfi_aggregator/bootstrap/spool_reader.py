"""Builds what a worker reads a spool with."""

from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.reader import SpoolReader
from pfi_aggregator.settings import AggregatorSettings


def open_spool_reader(settings: AggregatorSettings) -> SpoolReader:
    """Opens a spool for reading, beside the aggregator that owns it."""
    return SpoolReader(SpoolLayout(settings.spool))
