"""The state folder of a fleet: one state folder a client, and which token is whose."""

from pathlib import Path

from pfi_client_agent.adapters.durable_files import read_json, write_json
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.domain.fleet_tokens import TokenLedger
from pfi_common.errors import SettingsInvalidError


class FleetFolder(StateFolder):
    """A folder with `clients/<number>`, each of which `pfi-agent status --state` understands.

    Attributes:
        tokens: Join tokens by client, readable by the owner alone (JSON).
        log: Where JSON logs go while a terminal shows the fleet.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.tokens = root / "tokens.json"
        self.log = root / "fleet.log"

    def client(self, number: int) -> StateFolder:
        """Give the state folder of a client."""
        return StateFolder(self.root / "clients" / str(number))

    def load_tokens(self) -> TokenLedger:
        """Read which token is whose; nothing is given out in a new folder.

        Raises:
            SettingsInvalidError: The file is damaged: going on could use a token twice.
        """
        if not self.tokens.exists():
            return TokenLedger()
        document = read_json(self.tokens) or {}
        try:
            given = {int(number): str(token) for number, token in document["given"].items()}
            return TokenLedger(given, set(map(str, document["refused"])))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise SettingsInvalidError(
                f"{self.tokens} is damaged; delete it and give new join tokens (--tokens)."
            ) from error

    def save_tokens(self, ledger: TokenLedger) -> None:
        """Write durably which token is whose."""
        given = {str(number): token for number, token in sorted(ledger.given.items())}
        write_json(self.tokens, {"given": given, "refused": sorted(ledger.refused)})
