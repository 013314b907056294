"""Builds the limits of ingest from the settings."""

import shutil

from pfi_aggregator.adapters.spool.budget import SpoolBudget
from pfi_aggregator.adapters.spool.rounds import SpoolRounds
from pfi_aggregator.application.upload_places import PlaceLimits, UploadPlaces
from pfi_aggregator.settings import AggregatorSettings

_SHARE_OF_FREE = 0.9


def build_places(settings: AggregatorSettings) -> UploadPlaces:
    """Makes the places of uploads."""
    return UploadPlaces(
        PlaceLimits(
            places=settings.maximum_uploads,
            places_per_client=settings.maximum_uploads_per_client,
            waiting=settings.maximum_waiting_uploads,
            turn_seconds=settings.upload_turn_seconds,
        )
    )


def build_budget(settings: AggregatorSettings, rounds: SpoolRounds) -> SpoolBudget:
    """Makes the spool's limit; without a setting it follows from the room there is now."""
    limit = settings.spool_limit_bytes
    if limit is None:
        free = shutil.disk_usage(settings.spool).free
        limit = rounds.committed_bytes() + int(_SHARE_OF_FREE * free)
    return SpoolBudget(limit, rounds.committed_bytes)
