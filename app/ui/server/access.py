"""Which requests come in: those to the server's own name, of its own page, and in a network with a token."""

from __future__ import annotations

from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from secrets import token_urlsafe
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from app.ui.server.events import Refused

LOCAL = ("127.0.0.1", "localhost")
"""Names of a server that only this machine reaches."""


class Access:
    """Which requests come in.

    Args:
        port: the server's TCP port.
        host: an address of this machine in a network, at which the server listens; by default only this machine's
            own browsers reach it. In a network, who asks must have come by :attr:`link` before.
    """

    def __init__(self, port: int, host: str | None = None) -> None:
        self.port = port
        self.token = None if host is None else token_urlsafe(32)
        names = LOCAL if host is None else (f"[{host}]" if ":" in host else host,)
        self.hosts = frozenset(f"{name}:{port}" for name in names) | (frozenset(names) if port == 80 else frozenset())
        self.address = f"http://{names[0]}:{port}"
        self.cookie = f"glowface-{port}"
        """The name of the cookie by which browsers are told apart."""

        self._key = f"{self.cookie}-key"

    @property
    def link(self) -> str:
        """Where people go."""
        return self.address if self.token is None else f"{self.address}/?token={self.token}"

    def value(self, headers: Headers, name: str) -> str | None:
        """What a request's cookie says."""
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(name)
        except CookieError:
            return None
        return None if cookie is None else cookie.value

    def check(self, scope: Scope, headers: Headers) -> None:
        """Refuse what another site has sent through the user's browser.

        A name that was made to point to this machine (DNS rebinding) stands in ``Host``, another page in ``Origin``
        or, where the browser sends none, in ``Sec-Fetch-Site``. Only the page itself may be come to from elsewhere.
        """
        if headers.get("host", "").lower() not in self.hosts:
            raise Refused(421, f"This server answers only to {' and '.join(sorted(self.hosts))}.")
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in {f"http://{host}" for host in self.hosts}:
            raise Refused(403, "Another site may not use Glowface.")
        if headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none"):
            return
        # A link that a person follows, not a picture or a script that another page loads.
        followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        if scope["path"] != "/" or not followed:
            raise Refused(403, "Another site may not use Glowface.")

    def entry(self, scope: Scope, headers: Headers) -> Response | None:
        """The answer to who comes by the link: a cookie, and the page without the token in its address.

        Raises:
            Refused: a token is needed, and neither the link nor a cookie has it.
        """
        if self.token is None or self._is_token(self.value(headers, self._key)):
            return None
        try:
            given = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20).get("token", [None])[-1]
        except ValueError:
            given = None
        if scope["path"] != "/" or scope["method"] != "GET" or not self._is_token(given):
            raise Refused(403, "This page opens with the whole link that Glowface printed when it started.")
        entered = RedirectResponse("/", 303)
        entered.set_cookie(self._key, self.token, httponly=True, samesite="lax")
        return entered

    def _is_token(self, given: str | None) -> bool:
        return self.token is not None and given is not None and compare_digest(given.encode(), self.token.encode())
