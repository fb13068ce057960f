"""Does the application call the API as it should? Steps 1 and 5 of the list, from what the configuration says of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from imdoctor import Context, Egress, Finding, Judged, Observation, Settings, Spec, Summary, say
from imdoctor_checks.observations import ClientSeen

BACKEND_TIMEOUT = 3.0
"""The IM backend's own timeout, in seconds: the caller's must be longer (troubleshooting list, step 1)."""


class Client:
    """The `client` check: nothing is sent."""

    name: ClassVar[str] = "client"
    title: ClassVar[str] = "Does the application call the API as it should?"
    step: ClassVar[int | None] = 1
    findings: ClassVar[Mapping[str, Spec]] = {
        "client.timeout-too-short": Spec(
            "warn",
            title="The application's timeout is too short",
            message="the application gives up after {timeout} s; the IM backend's own timeout is 3 s",
            why="The IM backend answers within its own timeout of 3 s. A caller that waits no longer than that gives up on "
            "calls which the backend would still have answered, and sees a timeout without any response.",
            causes=(
                (
                    "The HTTP client's default was left as it is, or one short timeout was set for every call "
                    "that the application makes."
                ),
                "A framework, gateway or sidecar around the call gives up earlier than the HTTP client itself.",
                "The unit was mistaken: a 5 that is meant as seconds is 5 ms where the library counts milliseconds.",
            ),
            confirm=(
                (
                    "Hold what the configuration says of the application against the application's own settings: "
                    "`grep -n -A 4 client: imdoctor.yaml`."
                ),
                (
                    "Time some calls, and see whether any needs longer than the application allows: `for i in "
                    "$(seq 20); do curl -so /dev/null -m 10 -w '%{{time_total}}\\n' https://{endpoint}/; done`."
                ),
            ),
            remedy=("Set the application's timeout for a call to more than 3 s: 5 s is a good value.",),
        ),
        "client.no-keepalive": Spec(
            "warn",
            title="The application opens a new connection for every call",
            message="keepalive is off: every call pays for a TCP connection and a TLS handshake",
            why="Without persistent connections each call needs two more round trips, and a burst of calls a burst of connections.",
            causes=(
                (
                    "The application makes a new HTTP client for every call, or uses a function that opens and "
                    "closes one."
                ),
                "Keep-alive is switched off, or HTTP/1.0 is spoken without `Connection: keep-alive`.",
                "A proxy or sidecar between closes the connection after every answer.",
            ),
            confirm=(
                (
                    "Count the connections that linger after their end, while the application calls: `ss -Htan "
                    "state time-wait dport = :{port} | wc -l`. If the number grows with the calls, each has a "
                    "connection of its own."
                ),
            ),
            remedy=(
                "Turn persistent connections on: HTTP/1.1 keeps alive by default; HTTP/1.0 needs `Connection: keep-alive`.",
                "Keep one HTTP client for the life of the process instead of making one for each call.",
            ),
            step=5,
        ),
        "client.no-pool": Spec(
            "warn",
            title="The application has no connection pool",
            message="the pool holds {pool} connections: concurrent calls wait for each other or open connections of their own",
            why="Calls at the same time need a connection each. A pool of persistent connections hands them out without a handshake.",
            causes=(
                "The HTTP client's pool was left at its default, or was set to one connection.",
                "All threads share one connection behind a lock.",
                "Each thread or process brings an HTTP client of its own.",
            ),
            confirm=(
                (
                    "Count the open connections while the application is busy: `ss -Htn state established dport "
                    "= :{port} | wc -l`."
                ),
            ),
            remedy=(
                "Give the HTTP client a pool with as many connections as it has calls at the same time: 10 is a good start.",
            ),
            step=5,
        ),
    }

    async def observe(self, ctx: Context) -> ClientSeen:
        """See whether anything is said of the application at all."""
        told = ctx.settings.client
        silent = told.timeout is None and told.keepalive is None and told.pool is None
        return ClientSeen(
            skipped=say("the configuration says nothing of the application (targets: client:)") if silent else None
        )

    def judge(self, seen: ClientSeen, settings: Settings, others: Mapping[str, Observation]) -> Iterator[Judged]:
        """Compare the application's settings with the list's steps 1 and 5."""
        del seen, others
        told = settings.client
        if told.timeout is not None and told.timeout <= BACKEND_TIMEOUT:
            yield Finding("client.timeout-too-short", data={"timeout": told.timeout}, confidence="certain")
        if told.keepalive is False:
            yield Finding("client.no-keepalive", confidence="certain")
        if told.pool is not None and told.pool <= 1:
            yield Finding("client.no-pool", data={"pool": told.pool}, confidence="certain")
        yield Summary(_told(settings))

    def plan(self, ctx: Context) -> Iterable[Egress]:
        """Send nothing."""
        del ctx
        return ()


def _told(settings: Settings) -> str:
    told = settings.client
    parts = (
        None if told.timeout is None else say("timeout {seconds:g} s", seconds=told.timeout),
        None if told.keepalive is None else say("keep-alive on") if told.keepalive else say("keep-alive off"),
        None if told.pool is None else say("a pool of {connections}", connections=told.pool),
    )
    return say(", ").join(part for part in parts if part)
