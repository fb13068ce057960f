"""`imdoctor watch`: runs on a schedule, with a memory, until it is told to stop."""

import gc
import os
import platform
import resource
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdoctor.agent.folder import state_folder
from imdoctor.agent.listen import Address
from imdoctor.cli.jobs import Wanted, checks_installed, chosen, configuration, consistent, jobs_of, picked, telling
from imdoctor.cli.listening import AddressType, check_collector, listening, pusher_of
from imdoctor.cli.options import SecondsType, lang_option, option, state_option, target_options
from imdoctor.cli.session import Session
from imdoctor.config.credentials import read_credential
from imdoctor.config.problems import ConfigError, Problem
from imdoctor.model import exit_code, worst
from imdoctor.speech import say

if TYPE_CHECKING:
    from imdoctor.agent.assignment import Assignment
    from imdoctor.agent.watch import Agent
    from imdoctor.check import Check
    from imdoctor.runner import Job

MOST_AT_ONCE = 64
"""Rounds under way at once: beyond that they would stand in each other's way."""
FILES_OF_A_ROUND, FILES_OF_OURS = 32, 64
"""Open files that a round takes at the most, and that the agent needs itself. Running out of them would look like a fault of the target."""


@click.command()
@target_options
@state_option
@option("--timeout", type=SecondsType(), default=30.0, help="Of one round of one target.", show_default=True)
@option(
    "--listen",
    type=AddressType(),
    metavar="ADDRESS",
    help="Serve metrics, health and the latest report, on 127.0.0.1:9877 say; a port alone is one of 127.0.0.1.",
)
@lang_option
@option("--once", is_flag=True, help="Make one round of every target, and exit by it.")
@click.pass_obj
def watch(
    session: Session,
    /,
    *,
    state: Path | None,
    timeout: float,
    listen: Address | None,
    once: bool,
    **wanted: Any,
) -> int:
    """Run the checks on a schedule until told to stop; remember what they saw, and tell of changes.

    The configuration's `schedule`, `history` and `events` say how often, how long and whom. A configuration in the working
    directory is not read unasked, since it may name commands. SIGHUP reads it anew.
    """
    import asyncio

    asked = Wanted(**wanted)
    consistent(asked)
    if asked.sandbox:
        raise click.UsageError(say("--sandbox is for `imdoctor run`: watch a target, or name a configuration"))
    if listen is not None and once:
        raise click.UsageError(say("--listen goes with watching, which --once does not: leave one of them out"))
    checks = checks_installed(session)
    prepare = _prepare(asked, checks, session)
    folder = state_folder(session.environ) if state is None else session.cwd / state
    return asyncio.run(_watch(prepare(), prepare, folder, session, timeout=timeout, listen=listen, once=once))


def _prepare(wanted: Wanted, installed: "tuple[Check, ...]", session: Session) -> "Callable[[], Assignment]":
    """Return what reads the configuration, now and at each reload. It raises ConfigError and click.UsageError."""
    from imdoctor.agent.assignment import Assignment

    def prepare() -> Assignment:
        config, base = configuration(wanted, installed, session, cwd=None)
        check_collector(config.otlp, session)
        targets = picked(config, wanted.target)
        checks = chosen(installed, wanted.check, wanted.skip)
        third_party = not wanted.no_third_party
        jobs = jobs_of(config, targets, installed, base, session, wanted=checks, third_party=third_party)
        by_name = {target.name: target for target in targets}
        lasting, held = tuple(session.secrets), {job.name: job for job in jobs}

        def renew(job: "Job") -> "Job":
            known, machine = held[job.name], job.machine
            target, last = by_name[job.name], known.credential
            loaded = read_credential(
                target, environ=session.environ, base=base, wall=machine.wall, last=last, kept=machine.kept
            )
            credential = replace(loaded.credential, proxy_url=last.proxy_url)
            if credential == last:
                return known
            held[job.name] = replace(job, credential=credential)
            current = (secret for one in held.values() for secret in one.credential.secrets())
            session.secrets[:] = [*lasting, *current]  # what was made for an earlier round is sent no more
            return held[job.name]

        return Assignment(config=config, jobs=jobs, checks=checks, renew=renew)

    return prepare


async def _watch(
    first: "Assignment",
    prepare: "Callable[[], Assignment]",
    folder: Path,
    session: Session,
    *,
    timeout: float,
    listen: Address | None,
    once: bool,
) -> int:
    from imdoctor.agent.notify import Notifier, watchdog_period
    from imdoctor.agent.shown import Shown
    from imdoctor.agent.watch import Agent

    shown = Shown(now=lambda: agent.now(), mask=lambda: session.mask)  # noqa: PLW0108 - the agent comes after it
    agent = Agent(
        assignment=first,
        prepare=lambda: _again(prepare),
        folder=folder,
        say=session.tell,
        telling=lambda assignment: telling(
            assignment.config, session, pusher_of(assignment.config.otlp, shown, session)
        ),
        notifier=Notifier.of(session.environ),
        host=platform.node(),
        room=_room(),
        timeout=timeout,
        watchdog=watchdog_period(session.environ, os.getpid()),
    )
    stopped = _heed_signals(agent)
    gc.freeze()
    gc.enable()
    if once:
        seen = await agent.once()
        return next(iter(stopped), exit_code(worst(seen), fail_on_warn=False))

    def every() -> float:
        return agent.assignment.config.schedule.every

    async with listening(listen, shown, session, first.checks, folder=folder, every=every):
        await agent.forever()
    return next(iter(stopped), 0)


def _again(prepare: "Callable[[], Assignment]") -> "Assignment":
    """Read the configuration anew. Raises ConfigError, also where it has lost a target that the command line names."""
    try:
        return prepare()
    except click.UsageError as error:
        raise ConfigError(Problem(error.message)) from None


def _heed_signals(agent: "Agent") -> list[int]:
    """Let signals stop and reload the agent. Return the list that the exit code appears in; a second signal ends the process at once."""
    import asyncio

    from imdoctor.cli.stopping import ending_at_once

    loop, stopped = asyncio.get_running_loop(), list[int]()

    def stop(number: int) -> None:
        stopped.append(128 + number)
        ending_at_once(loop)
        agent.stop(signal.Signals(number).name)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    loop.add_signal_handler(signal.SIGHUP, agent.reload)
    return stopped


def _room() -> int:
    """Return how many rounds the process's open files allow for."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, min(MOST_AT_ONCE, (files - FILES_OF_OURS) // FILES_OF_A_ROUND))
