"""Names of keys. Every key of the coordinator begins with `pfi:`."""

from pfi_common.identity.redis_revocations import FEDERATION_KEY

FEDERATION = FEDERATION_KEY
CHANGES = "pfi:changes"
SESSIONS = "pfi:sessions"
REPLICAS = "pfi:replicas"
CLIENTS = "pfi:clients"
RUNS = "pfi:runs"
ACTIVE_RUNS = "pfi:runs:active"
RUN_NAMES = "pfi:runs:names"
LAST_PUBLISHED = "pfi:runs:last-published"
SPEEDS = "pfi:clients:speeds"
LEADER = "pfi:leader"
LEADER_TOKEN = "pfi:leader:token"  # noqa: S105 - the name of a key


def run(run_id: str) -> str:
    """Hash of a run: state, revision, changes, document."""
    return f"pfi:run:{run_id}"


def outbox(run_id: str) -> str:
    """Hash of the effects that are still to be carried out."""
    return f"pfi:run:{run_id}:outbox"


def log(run_id: str) -> str:
    """Stream of the run's events."""
    return f"pfi:run:{run_id}:log"


def rounds(run_id: str) -> str:
    """Hash of every attempt that was opened, by scope."""
    return f"pfi:run:{run_id}:rounds"


def adapters(run_id: str) -> str:
    """Hash of published versions, by number."""
    return f"pfi:run:{run_id}:adapters"


def newest(run_id: str) -> str:
    """Hash of the newest version of each line."""
    return f"pfi:run:{run_id}:newest"


def members(run_id: str) -> str:
    """Hash of the lines of a run's clusters, by member."""
    return f"pfi:run:{run_id}:members"


def counted(run_id: str, line: str) -> str:
    """Hash of the last round of a line that counted an update, by client."""
    return f"pfi:run:{run_id}:counted:{line}"


def history(run_id: str) -> str:
    """Hash of what clients did in earlier rounds, by client."""
    return f"pfi:run:{run_id}:history"


def sketches(run_id: str) -> str:
    """Hash of the sketches of a probe round, by client, until clients are grouped."""
    return f"pfi:run:{run_id}:sketches"


def rows(run_id: str, scope: str) -> str:
    """Hash of the task rows of a scope; fields are `<client>:<column>`."""
    return f"pfi:run:{run_id}:rows:{scope}"


def inbox(client: str) -> str:
    """Hash of a client's open tasks, by id."""
    return f"pfi:client:{client}:tasks"


def notices(client: str) -> str:
    """List of a client's notices, newest first."""
    return f"pfi:client:{client}:notices"


def client_runs(client: str) -> str:
    """List of the runs that gave a client a task, the latest first."""
    return f"pfi:client:{client}:runs"


def client(client_id: str) -> str:
    """Hash of a client's registration."""
    return f"pfi:client:{client_id}"


def client_of_key(key_sha256: str) -> str:
    """Client id of a public key."""
    return f"pfi:client-key:{key_sha256}"


def token(secret_sha256: str) -> str:
    """Hash of a join token."""
    return f"pfi:token:{secret_sha256}"


def nonce(value: bytes) -> str:
    """A renewal's nonce."""
    return f"pfi:nonce:{value.hex()}"


def replica(name: str) -> str:
    """Sign of life of a replica."""
    return f"pfi:replica:{name}"


def wake(name: str) -> str:
    """Stream that wakes a replica."""
    return f"pfi:replica:{name}:wake"


def api_key(key: str) -> str:
    """Hash of an API key."""
    return f"pfi:api-key:{key}"


def export_claim(digest: str) -> str:
    """Set while an export was ordered lately."""
    return f"pfi:export:{digest}:claim"


def export_orders(digest: str) -> str:
    """How often an export was ordered."""
    return f"pfi:export:{digest}:orders"
