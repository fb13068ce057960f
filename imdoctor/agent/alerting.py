"""Alerts by apprise: WeCom, Feishu, DingTalk, Slack, mail and a hundred services more, kept by others.

Each service is a URL, which holds its token: it is a secret.
"""

import asyncio
import importlib.util
import logging
from typing import Any

from imdoctor.agent.delivery import DeliveryError, Message
from imdoctor.agent.events import KINDS
from imdoctor.config.secrets import Secret
from imdoctor.speech import mark, say, speaking

EXTRA = mark("apprise is not installed here: pip install 'imdoctor[alerts]'")
LONGEST_TITLE = 200
"""Characters: a service that takes fewer cuts them itself, by apprise."""


def installed() -> bool:
    """Tell whether apprise is installed, without importing it."""
    return importlib.util.find_spec("apprise") is not None


def known(url: str) -> bool:
    """Tell whether apprise knows a URL's service, and can read the rest of it. It takes a while to import."""
    return _apprise().Apprise.instantiate(url, suppress_exceptions=True) is not None


def _apprise() -> Any:  # noqa: ANN401 - the module, which is an extra
    """Import apprise; its own log would hold URLs, and is not for anybody to read."""
    quiet = logging.getLogger("apprise")
    quiet.disabled = True
    import apprise

    return apprise


class Alert:
    """One service. ``timeout`` in seconds is that of a whole delivery."""

    def __init__(self, url: Secret, *, timeout: float) -> None:
        self._url, self._timeout = url, timeout

    def __repr__(self) -> str:
        return f"Alert({self.name!r})"

    @property
    def name(self) -> str:
        """The kind of service: no more of its URL is for showing."""
        return mark("the alert by {kind}").format(kind=self._url.reveal().partition(":")[0])

    async def deliver(self, message: Message) -> None:
        """Deliver a message. Raises DeliveryError; why a service did not take it, apprise does not say."""
        try:
            async with asyncio.timeout(self._timeout):
                taken = await asyncio.to_thread(self._notify, message)
        except TimeoutError:
            raise DeliveryError(
                mark("it was not delivered within {timeout:g} s").format(timeout=self._timeout)
            ) from None
        if not taken:
            raise DeliveryError(mark("the service did not take it, or cannot be reached"))

    def _notify(self, message: Message) -> bool:
        apprise, event = _apprise(), message.event
        kinds = {"error": "failure", "warning": "warning", "info": "success"}
        service = apprise.Apprise()
        service.add(self._url.reveal())
        return bool(service.notify(title=title(message), body=event.message, notify_type=kinds[event.level]))

    async def aclose(self) -> None:
        """Keep nothing between deliveries."""


def title(message: Message) -> str:
    """Return a message's title in its language: which target, what became of it, and by which cause."""
    event = message.event
    with speaking(message.language):
        cause = say(" ({cause})", cause=event.cause) if event.cause else ""
        kind, target = KINDS.get(event.name, event.name), event.target or say("the agent")
        told = say("imdoctor: {target}: {kind}{cause}", target=target, kind=kind, cause=cause)
    return told[:LONGEST_TITLE]
