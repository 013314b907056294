"""API keys on requests."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from pfi_common.errors import ApiKeyInvalidError
from pfi_coordinator.application.api_keys import Authorize
from pfi_coordinator.domain.scopes import Scope

_BEARER = HTTPBearer(auto_error=False, description="API key: `pfk_<id>_<secret>`")
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


def requires(scope: Scope | None) -> Callable[..., Awaitable[None]]:
    """Gives the dependency that lets a request pass when its key has the scope.

    Args:
        scope: What the route needs; None for any valid key.
    """

    async def check(request: Request, credentials: _Credentials) -> None:
        if credentials is None:
            raise ApiKeyInvalidError("send an API key: `Authorization: Bearer pfk_...`")
        authorize: Authorize = request.app.state.authorize
        await authorize(credentials.credentials, scope)

    return check
