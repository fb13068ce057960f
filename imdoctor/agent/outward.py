"""Calls to a receiver's URL: by httpx's transport, without its client, which follows the environment's logging, and that shows URLs."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from imdoctor.agent.delivery import DeliveryError
from imdoctor.net.proxy import proxy_for
from imdoctor.speech import mark

if TYPE_CHECKING:
    import httpx

PORTS = {"http": 80, "https": 443}


def transport_for(url: "httpx.URL", environ: Mapping[str, str]) -> "httpx.AsyncHTTPTransport":
    """Return the way to a URL: through the proxy that the environment names, or none. Raises DeliveryError."""
    import httpx

    plain = {
        "https_proxy": environ.get("http_proxy", ""),
        "HTTPS_PROXY": "",
    }  # as curl(1): this one in lower case alone
    environ = {**environ, **(plain if url.scheme == "http" else {})}
    named = proxy_for("env", url.host, url.port or PORTS.get(url.scheme, 80), environ)
    if named is None:
        return httpx.AsyncHTTPTransport()
    if named.scheme not in PORTS:
        raise DeliveryError(
            mark("the proxy {shown} is neither http:// nor https://").format(shown=named.shown), final=True
        )
    headers = {"Proxy-Authorization": named.authorization} if named.authorization else {}
    return httpx.AsyncHTTPTransport(proxy=httpx.Proxy(named.shown, headers=headers))


def reason(error: Exception) -> str:
    """Say what went wrong with a call, in the kernel's, the resolver's or TLS's words, which hold no URL."""
    import socket
    import ssl

    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case ssl.SSLCertVerificationError():
                return mark("its certificate does not verify: {verify_message}").format(
                    verify_message=cause.verify_message
                )
            case ssl.SSLError():
                return mark("no TLS: {reason}").format(reason=cause.reason)
            case socket.gaierror():
                return mark("its name does not resolve: {strerror}").format(strerror=cause.strerror)
            case OSError() if cause.errno:
                return mark("the connection failed: {errno}").format(errno=os.strerror(cause.errno))
        cause = cause.__cause__ or cause.__context__
    return mark("the call failed ({name})").format(name=type(error).__name__)
