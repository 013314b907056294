"""The closed set of field names in logs.

A name that is not here cannot be logged. Names stand for ids, counts, sizes and durations; there is
none for tensors, text, documents or metric values.
"""

FIELDS: frozenset[str] = frozenset(
    {
        # identity and calls
        "address",
        "caller",
        "certificate_expires_at",
        "client",
        "code",
        "method",
        "reason",
        "seconds",
        "retry_after_seconds",
        # runs and rounds
        "adapter_digest",
        "attempt",
        "cohort",
        "effect",
        "leader_token",
        "line",
        "round",
        "run",
        "spool",
        "state",
        "task",
        "version",
        # counts and sizes
        "available_bytes",
        "bad_rows",
        "capped",
        "clipped",
        "count",
        "discarded_energy",
        "left_out",
        "line_number",
        "needed_bytes",
        "payload_bytes",
        "piece",
        "rows",
        "skipped_files",
        "updates",
        # processes
        "endpoint",
        # What to do about an error that ended the process; a fixed sentence, never data.
        "next_step",
        "replica",
        # third-party libraries
        "library",
        "text",
    }
)
