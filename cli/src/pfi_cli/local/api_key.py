"""Asks a running federation whether it knows the API key of its folder."""

from pfi_cli.api.client import ApiClient
from pfi_cli.api.connection import local_connection
from pfi_cli.local.layout import StateLayout
from pfi_common.errors import ApiKeyInvalidError


def api_key_is_known(layout: StateLayout) -> bool:
    """Whether the coordinator takes the key; it does not after Redis has lost its data.

    Raises:
        PlatformError: The coordinator does not answer.
    """
    with ApiClient(local_connection(layout)) as api:
        try:
            api.federation()
        except ApiKeyInvalidError:
            return False
    return True
