"""What an API key may be allowed to do. A closed list."""

from enum import StrEnum


class Scope(StrEnum):
    """One permission of the admin API."""

    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    CLIENTS_READ = "clients:read"
    CLIENTS_WRITE = "clients:write"
    TOKENS_WRITE = "tokens:write"
    ADAPTERS_READ = "adapters:read"
