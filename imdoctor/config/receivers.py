"""What is wrong with those whom `watch` tells, beyond their values' types."""

from collections.abc import Iterator

from imdoctor.config.model import Events, Otlp
from imdoctor.config.values import parse_web_url
from imdoctor.speech import say

SHORTEST_DELIVERY = 1.0


def wrong_events(events: Events) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with events beyond their values' types: the key, and a sentence."""
    if events.on_change and not events.on_change[0]:
        yield "on_change", say("its first word is a program: write [/usr/local/bin/tell, its, arguments]")
    if events.timeout < SHORTEST_DELIVERY:
        yield "timeout", say("a delivery gets a second at least: write 1s or more, such as 30s")
    if events.heartbeat is not None and events.heartbeat_env is not None:
        yield "heartbeat_env", say("heartbeat names a URL already: keep one of them")
    try:
        parse_web_url(events.heartbeat or "https://example.com")
    except ValueError as error:
        yield "heartbeat", str(error)


def wrong_otlp(otlp: Otlp) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a collector beyond its values' types: the key, and a sentence."""
    if otlp.every < SHORTEST_DELIVERY:
        yield "every", say("a push takes a second at least: write 1s or more, such as 60s")
    if otlp.timeout < SHORTEST_DELIVERY:
        yield "timeout", say("a push gets a second at least: write 1s or more, such as 10s")
    try:
        parse_web_url(otlp.endpoint)
    except ValueError as error:
        yield "endpoint", str(error)
    if "@" in otlp.endpoint:
        yield (
            "endpoint",
            say("a password does not stand in this file: put an authorization header into headers_env's variable"),
        )
