"""Whether a call is let in: identity, policy, revocation and deadline, in this order."""

from collections.abc import Mapping

from pfi_common.clock import Clock
from pfi_common.errors import (
    DeadlineRequiredError,
    IdentityInvalidError,
    PermissionDeniedError,
)
from pfi_common.identity.revocation import RevocationList
from pfi_common.rpc.caller import CallerIdentity, RpcContext, read_caller
from pfi_common.rpc.policy import POLICIES, Caller, Deadline, MethodPolicy, caller_of

_ROUNDED_UP = 1.02
"""gRPC rounds deadlines up to two or three digits on the wire: 3600 seconds may arrive as 3610."""


class Admission:
    """Lets calls in, and says later whether a caller may stay."""

    def __init__(
        self,
        federation: str,
        revocations: RevocationList,
        clock: Clock,
        policies: Mapping[str, MethodPolicy] = POLICIES,
    ) -> None:
        self.revocations = revocations
        self._federation = federation
        self._clock = clock
        self._policies = policies

    def policy(self, method: str) -> MethodPolicy:
        """Gives the rules of a method.

        Raises:
            PermissionDeniedError: There are none, so nobody may call it.
        """
        policy = self._policies.get(method)
        if policy is None:
            raise PermissionDeniedError("nobody may call this method")
        return policy

    def identify(self, policy: MethodPolicy, context: RpcContext) -> CallerIdentity | None:
        """Reads the caller from the connection; `None` where anyone may call.

        Raises:
            IdentityInvalidError: There is no certificate, or not one of this federation.
        """
        if Caller.ANYONE in policy.callers:
            return None
        caller = read_caller(context)
        self._check_federation(caller)
        return caller

    def authorise(
        self, policy: MethodPolicy, caller: CallerIdentity | None, context: RpcContext
    ) -> None:
        """Lets a call in.

        Raises:
            PlatformError: The call is refused, and why.
        """
        if caller is not None:
            self._check_role(policy, caller)
            self.check(caller)
        _check_deadline(policy.deadline, context)

    def admit(self, policy: MethodPolicy, caller: CallerIdentity) -> None:
        """Lets a call in that came by another way than gRPC, under the same rules.

        Args:
            policy: Of the method that does the same.
            caller: Read from the certificate of the connection.

        Raises:
            PlatformError: The call is refused, and why.
        """
        self._check_federation(caller)
        self._check_role(policy, caller)
        self.check(caller)

    def check(self, caller: CallerIdentity) -> None:
        """Says whether a caller that was let in may stay.

        Raises:
            IdentityInvalidError: Its certificate has expired.
            ClientRevokedError: The client is revoked.
            RevocationListStaleError: Nobody knows whether the client is revoked.
        """
        if self._clock.now() > caller.expires_at:
            raise IdentityInvalidError("the certificate has expired: renew it and connect again")
        if caller.identity.role == "client":
            self.revocations.check(caller.identity.name)

    def _check_federation(self, caller: CallerIdentity) -> None:
        if caller.identity.federation != self._federation:
            raise IdentityInvalidError("the certificate is of another federation")

    def _check_role(self, policy: MethodPolicy, caller: CallerIdentity) -> None:
        if caller_of(caller.identity) not in policy.callers:
            raise PermissionDeniedError(f"a {caller.identity.role} may not call this method")


def _check_deadline(deadline: Deadline, context: RpcContext) -> None:
    cap_seconds = deadline.value
    if cap_seconds is None:
        return
    # None without a deadline, although its type does not say so
    remaining_seconds: float | None = context.time_remaining()
    if remaining_seconds is None or remaining_seconds > cap_seconds * _ROUNDED_UP:
        raise DeadlineRequiredError(
            f"set a deadline of at most {cap_seconds:g} seconds", maximum_seconds=f"{cap_seconds:g}"
        )
