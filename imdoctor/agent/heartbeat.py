"""A heartbeat as a receiver: a URL that is called after each round, and whose silence somebody notices (healthchecks.io's convention)."""

import asyncio
import base64
import urllib.parse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from imdoctor import __version__
from imdoctor.agent.delivery import DeliveryError, Message
from imdoctor.agent.outward import reason, transport_for
from imdoctor.config.secrets import Secret
from imdoctor.net.http import CLIENT_ERROR, REDIRECT, SUCCESS, class_of
from imdoctor.speech import mark

if TYPE_CHECKING:
    import httpx

LONGEST_BODY = 10_000
"""Bytes of a body: healthchecks.io keeps no more (https://healthchecks.io/docs/attaching_logs/)."""
AGAIN = {408, 429}
"""Refusals that another try may turn: Request Timeout and Too Many Requests (RFC 9110 §15.5.9, RFC 6585 §4)."""


class Heartbeat:
    """A URL that gets a POST with the message as its body: the URL itself when all is well, with ``/fail`` behind its path when not.

    ``timeout`` in seconds is that of a whole call. The URL is a secret: whoever knows it can tell that all is well. The proxy is the
    environment's. What is kept between calls are the trust store and the proxy's settings.
    """

    def __init__(self, url: Secret, *, timeout: float, environ: Mapping[str, str]) -> None:
        self._url, self._timeout, self._environ = url, timeout, environ
        self._transport: httpx.AsyncHTTPTransport | None = None

    def __repr__(self) -> str:
        return f"Heartbeat({self.name!r})"

    @property
    def name(self) -> str:
        """The URL's scheme and host: no more of it is for showing."""
        try:
            parts = urllib.parse.urlsplit(self._url.reveal())
        except ValueError:
            return mark("the heartbeat")
        return (
            mark("the heartbeat at {scheme}://{hostname}").format(scheme=parts.scheme, hostname=parts.hostname)
            if parts.hostname
            else mark("the heartbeat")
        )

    async def deliver(self, message: Message) -> None:
        """Call the URL. Raises DeliveryError for any answer but a 2xx one, and for none."""
        import httpx

        try:
            async with asyncio.timeout(self._timeout):
                status = await self._call(message)
        except TimeoutError:
            raise DeliveryError(mark("no answer within {timeout:g} s").format(timeout=self._timeout)) from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError):  # their texts may show the URL
            raise DeliveryError(mark("its URL is no http:// or https:// URL"), final=True) from None
        except (httpx.HTTPError, OSError) as error:
            raise DeliveryError(reason(error)) from None
        _judge(status)

    async def _call(self, message: Message) -> int:
        """Call the URL by httpx's transport, without its client: that one follows the environment's logging, which shows URLs."""
        import httpx

        url = httpx.URL(_with_verdict(self._url.reveal(), ok=message.ok))
        if self._transport is None:
            self._transport = transport_for(url, self._environ)
        request = httpx.Request("POST", url, headers=_headers(url), content=_body(message.event.message))
        response = await self._transport.handle_async_request(request)
        await response.aclose()  # the body is of no interest, and may be without an end
        return response.status_code

    async def aclose(self) -> None:
        """Close what is kept."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()


def _with_verdict(url: str, *, ok: bool) -> str:
    """Return the URL to call: ``/fail`` belongs behind the path, before a query. Raises ValueError for a port that there is not."""
    parts = urllib.parse.urlsplit(url)
    if parts.port == 0:
        raise ValueError("no port")
    path = parts.path if ok else f"{parts.path.rstrip('/')}/fail"
    return urllib.parse.urlunsplit(parts._replace(path=path, fragment=""))


def _headers(url: "httpx.URL") -> dict[str, str]:
    """Return the headers, with the URL's user and password where it has them (RFC 7617)."""
    headers = {"User-Agent": f"imdoctor/{__version__}", "Content-Type": "text/plain; charset=utf-8"}
    if url.userinfo:
        pair = f"{url.username}:{url.password}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
    return headers


def _body(text: str) -> bytes:
    """Return the text in UTF-8, cut between two characters where it is too long."""
    return text.encode("utf-8", "replace")[:LONGEST_BODY].decode("utf-8", "ignore").encode()


def _judge(status: int) -> None:
    """Raise DeliveryError unless a status is success. A refusal that will stay one is final."""
    if class_of(status) == SUCCESS:
        return
    if class_of(status) == REDIRECT:
        raise DeliveryError(
            mark("it answers {status}, a redirect, which is not followed: configure where it leads").format(
                status=status
            ),
            final=True,
        )
    final = class_of(status) == CLIENT_ERROR and status not in AGAIN
    raise DeliveryError(mark("it answers {status}").format(status=status), final=final)
