"""What `imdoctor watch` gives to those who read its figures: a listener, and pushes to a collector."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdoctor.agent.listen import Address, ListenError, bound, parse_address
from imdoctor.cli.session import Session
from imdoctor.config.model import Otlp
from imdoctor.config.problems import ConfigError, Problem
from imdoctor.config.secrets import Secret
from imdoctor.speech import ENGLISH, say, spoken

if TYPE_CHECKING:
    from imdoctor.agent.otlp import Pusher
    from imdoctor.agent.shown import Shown
    from imdoctor.check import Check
    from imdoctor.model import Report


class AddressType(click.ParamType[Address]):
    """Where to listen."""

    name = "ADDRESS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Address:  # noqa: ANN401 - click's own signature
        """Return the address; one that cannot be read is a usage error."""
        if isinstance(value, Address):
            return value
        try:
            return parse_address(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@asynccontextmanager
async def listening(
    where: Address | None,
    shown: "Shown",
    session: Session,
    checks: "Sequence[Check]",
    *,
    folder: Path,
    every: Callable[[], float],
) -> AsyncIterator[None]:
    """Serve meanwhile: what is shown, as the ``checks`` judged it, with the past from the history in ``folder``.

    Raises ConfigError where that address cannot be had: what is configured does not fit this machine.
    """
    if where is None:
        yield
        return
    from imdoctor.agent.own_events import listening as told
    from imdoctor.agent.page import StatusPage
    from imdoctor.agent.serve import Server
    from imdoctor.agent.site import Site
    from imdoctor.runner import this_host

    try:
        sock, address = bound(where)
    except ListenError as error:
        raise ConfigError(Problem(say("--listen: {error}", error=error))) from None
    page = StatusPage(
        folder=folder,
        host=this_host(),
        every=every,
        mask=lambda: session.mask,
        told=lambda report: _told(report, checks),
    )
    server = Server(sock, address, Site(shown, say=session.tell, page=page).answer)
    await server.start()
    session.tell(told(str(address), local=address.is_local))
    try:
        yield
    finally:
        await server.close()


def _told(report: "Report", checks: "Sequence[Check]") -> "Report":
    """Return a report in the language that the agent speaks."""
    if spoken() == ENGLISH:
        return report
    from imdoctor.judgement import in_words

    return in_words(report, checks, spoken())


def pusher_of(otlp: Otlp | None, shown: "Shown", session: Session) -> "Pusher | None":
    """Return what pushes to the collector that a configuration names."""
    if otlp is None:
        return None
    from imdoctor.agent.otlp import Pusher, parse_headers

    headers = parse_headers(session.environ.get(otlp.headers_env or "", ""))
    return Pusher(otlp, shown, headers=headers, environ=session.environ, say=session.tell)


def check_collector(otlp: Otlp | None, session: Session) -> None:
    """Load a collector's headers as the secrets that they may be. Raises ConfigError for what is wrong with it."""
    problems = [] if otlp is None else list(_wrong(otlp, session))
    if problems:
        raise ConfigError(*problems)


def _wrong(otlp: Otlp, session: Session) -> Iterator[Problem]:
    from imdoctor.agent.otlp import EXTRA, installed, parse_headers

    if not installed():
        yield Problem(say("otlp: {extra}", extra=EXTRA), at=("otlp",))
    if otlp.headers_env is None:
        return
    text = session.environ.get(otlp.headers_env)
    if text is None:
        yield Problem(
            say(
                "otlp: headers_env: {headers_env}: the environment has no such variable: export it, or leave the key out",
                headers_env=otlp.headers_env,
            ),
            at=("otlp", "headers_env"),
        )
        return
    session.secrets.append(Secret(text))
    try:
        session.secrets.extend(Secret(value) for value in parse_headers(text).values())
    except ValueError as error:
        yield Problem(
            say("otlp: headers_env: {headers_env}: {error}", headers_env=otlp.headers_env, error=error),
            at=("otlp", "headers_env"),
        )
