"""From the command line and the configuration to jobs: targets with their settings, and the checks to run on them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from imdoctor.cli.check_options import absent, options_of, unconfigured
from imdoctor.cli.session import Session
from imdoctor.config.credentials import read_credential
from imdoctor.config.files import UnreadableError, read_file
from imdoctor.config.load import find, load, located
from imdoctor.config.model import Config, Events, Target
from imdoctor.config.problems import ConfigError, Problem, suggestion
from imdoctor.config.secrets import Secret, proxy_passwords
from imdoctor.config.targets import CREDENTIALS, wrong
from imdoctor.config.values import parse_endpoint, parse_web_url
from imdoctor.speech import say

if TYPE_CHECKING:
    from imdoctor.agent.otlp import Pusher
    from imdoctor.agent.telling import Telling
    from imdoctor.check import Check
    from imdoctor.runner import Job

LARGEST_STORE = 8 * 1024 * 1024
"""Bytes of a ca_file: the usual store of all public authorities has a quarter of a megabyte."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the command line asks for, as `imdoctor.cli.options.target_options` names it."""

    host: str | None = None
    config: Path | None = None
    target: tuple[str, ...] = ()
    check: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    sdkappid: int | None = None
    identifier: str | None = None
    usersig_file: str | None = None
    usersig_env: str | None = None
    secret_key_file: str | None = None
    secret_key_env: str | None = None
    no_third_party: bool = False
    sandbox: bool = False

    @property
    def names_a_target(self) -> bool:
        """Whether a target is named here: by its host, or by an SDKAppID, whose number speaks for a site."""
        return self.host is not None or self.sdkappid is not None

    @property
    def account(self) -> dict[str, Any]:
        """What is said of the app beside its host."""
        named = {key: getattr(self, key) for key in ("sdkappid", "identifier", *CREDENTIALS)}
        return {key: value for key, value in named.items() if value is not None}


@dataclass(frozen=True)
class Work:
    """The targets to examine, the checks to run on each, and the configuration that both come from."""

    jobs: "tuple[Job, ...]"
    checks: "tuple[Check, ...]"
    config: Config = field(default_factory=Config)


@contextmanager
def prepared(wanted: Wanted, session: Session) -> Iterator[Work]:
    """Hand out the work, and the lab that it is done in under --sandbox. Raises ConfigError and click.UsageError."""
    consistent(wanted)
    installed = checks_installed(session)
    checks = chosen(installed, wanted.check, wanted.skip)
    if not wanted.sandbox:
        config, base = configuration(wanted, installed, session, cwd=session.cwd)
        targets = picked(config, wanted.target)
        jobs = jobs_of(config, targets, installed, base, session, wanted=checks, third_party=not wanted.no_third_party)
        yield Work(jobs, checks, config)
        return
    from imdoctor.lab.scenarios import HEALTHY
    from imdoctor.lab.world import open_world

    with open_world(HEALTHY) as job:
        session.secrets.extend(job.credential.secrets())
        settings = msgspec.structs.replace(job.settings, third_party=not wanted.no_third_party)
        yield Work((replace(job, settings=settings),), checks)


def consistent(wanted: Wanted) -> None:
    """Refuse what contradicts itself. Raises click.UsageError."""
    elsewhere = [f"--{key.replace('_', '-')}" for key in wanted.account]
    if wanted.sandbox and (wanted.host or wanted.target or elsewhere):
        raise click.UsageError(say("--sandbox has a target of its own: leave HOST, --target and the app's options out"))
    if wanted.names_a_target and wanted.target:
        named = "HOST" if wanted.host else "--sdkappid"
        raise click.UsageError(
            say(
                "--target chooses from a configuration, which is not read with {named}: leave one of them out",
                named=named,
            )
        )
    if elsewhere and not wanted.names_a_target and not wanted.sandbox:
        raise click.UsageError(
            say(
                "{elsewhere} goes with HOST or --sdkappid: write `imdoctor run console.tim.qq.com {elsewhere} …`, "
                "or put it into the configuration",
                elsewhere=elsewhere[0],
            )
        )
    if wanted.sdkappid is not None and not wanted.host and wanted.config and not wanted.sandbox:
        raise click.UsageError(
            say("--sdkappid names a target of its own, --config a file of them: leave one out, or write HOST as well")
        )


def checks_installed(session: Session) -> "tuple[Check, ...]":
    """Return the installed checks; warn of what could not be loaded."""
    from imdoctor import registry

    known = registry.load()
    for broken in known.broken:
        session.warn("a check could not be loaded", entry=broken.entry, origin=broken.origin, error=broken.error)
    return known.checks


def chosen(installed: "Sequence[Check]", only: Sequence[str], without: Sequence[str]) -> "tuple[Check, ...]":
    """Return the checks that --check and --skip leave. Raises click.UsageError for an unknown one."""
    names = [check.name for check in installed]
    for name in (*only, *without):
        if name not in names:
            raise click.UsageError(say("no check {name!r}: {near}", name=name, near=suggestion(name, names)))
    return tuple(check for check in installed if (not only or check.name in only) and check.name not in without)


def option_types(installed: "Sequence[Check]") -> dict[str, type[msgspec.Struct] | None]:
    """Return the type of each check's options, None for a check without any."""
    return {check.name: getattr(check, "options", None) for check in installed}


def picked(config: Config, wanted: Sequence[str]) -> tuple[Target, ...]:
    """Return the targets that --target leaves. Raises click.UsageError for an unknown one."""
    names = [target.name for target in config.targets]
    for name in wanted:
        if name not in names:
            raise click.UsageError(say("no target {name!r}: {near}", name=name, near=suggestion(name, names)))
    return tuple(target for target in config.targets if not wanted or target.name in wanted)


def jobs_of(
    config: Config,
    targets: Sequence[Target],
    installed: "Sequence[Check]",
    base: Path,
    session: Session,
    *,
    wanted: "Sequence[Check] | None" = None,
    third_party: bool,
) -> "tuple[Job, ...]":
    """Return a job for each target. Raises one ConfigError with what is wrong with all of them.

    Options that are lacking are an error where the check is among the ``wanted``, which are all that are installed unless told.
    """
    kinds = option_types(installed)
    options = options_of(config, kinds)
    jobs: list[Job] = []
    problems = [
        *unconfigured(config, option_types(installed if wanted is None else wanted)),
        *absent(config),
        *_heartbeat(config.events, session),
        *_alerts(config.events, session),
    ]
    for target in targets:
        try:
            jobs.append(job_of(target, options, base, session, third_party=third_party))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(*located(problems, config.file))
    return tuple(jobs)


def _heartbeat(events: Events, session: Session) -> Iterator[Problem]:
    """Load the heartbeat's URL as the secret that it is; yield what is wrong with its variable."""
    name = events.heartbeat_env
    url = events.heartbeat if name is None else session.environ.get(name)
    if url is not None:
        session.secrets.append(Secret(url))
    try:
        if name is not None:
            parse_web_url(url or "")
    except ValueError as error:
        what = say("the environment has no such variable: export it") if url is None else str(error)
        yield Problem(
            say("events: heartbeat_env: {name}: {what}", name=name, what=what), at=("events", "heartbeat_env")
        )


def _alerts(events: Events, session: Session) -> Iterator[Problem]:
    """Load the alerts' URLs as the secrets that they are; yield what is wrong with them."""
    if not events.alerts_env:
        return
    from imdoctor.agent.alerting import EXTRA, installed, known

    here, at = installed(), ("events", "alerts_env")
    if not here:
        yield Problem(say("events: alerts_env: {extra}", extra=EXTRA), at=at)
    for name in events.alerts_env:
        url = session.environ.get(name)
        if url is None:
            yield Problem(
                say("events: alerts_env: the environment has no variable {name}: export it", name=name), at=at
            )
            continue
        session.secrets.append(Secret(url))
        if here and not known(url):
            yield Problem(
                say(
                    "events: alerts_env: {name}: apprise does not know such a URL: write one such as wecombot://KEY",
                    name=name,
                ),
                at=at,
            )


def telling(config: Config, session: Session, pusher: "Pusher | None" = None) -> "Telling":
    """Return whom a configuration tells beside the log, and who pushes. A command does not see the variables that hold secrets."""
    from imdoctor.agent.telling import telling_of

    shown = _without_secrets(config, session.environ)
    return telling_of(config.events, environ=session.environ, shown=shown, say=session.tell, pusher=pusher)


def _without_secrets(config: Config, environ: Mapping[str, str]) -> dict[str, str]:
    named = {getattr(target, key) for target in config.targets for key in CREDENTIALS if key.endswith("_env")}
    return {
        name: value
        for name, value in environ.items()
        if name not in {*named, config.events.heartbeat_env, *config.events.alerts_env}
    }


def configuration(
    wanted: Wanted, installed: "Sequence[Check]", session: Session, *, cwd: Path | None
) -> tuple[Config, Path]:
    """Return the configuration, and the folder from which its paths start. One in ``cwd`` is found unasked, unless that is None.

    With HOST, or an SDKAppID in its place, no file is read. With neither it is the China site's domain, anonymously. Raises
    ConfigError, click.UsageError.
    """
    if wanted.names_a_target:
        return Config(targets=(_target(wanted),)), session.cwd
    path = wanted.config or find(session.environ, cwd)
    if path is None:
        return Config(), session.cwd
    return load(path, option_types(installed)), path.parent


def _target(wanted: Wanted) -> Target:
    """Return the target that the command line names. Raises click.UsageError."""
    try:
        endpoint = None if wanted.host is None else parse_endpoint(wanted.host)
        target = Target(endpoint=endpoint, **wanted.account)
    except ValueError as error:
        raise click.UsageError(say("HOST: {error}", error=error)) from None
    for key, text in wrong(target):
        raise click.UsageError(f"--{key.replace('_', '-')}: {text}")
    return target


def job_of(target: Target, options: dict[str, Any], base: Path, session: Session, *, third_party: bool) -> "Job":
    """Return a target's job: its secrets are read here, and its usersig made. Raises ConfigError."""
    from imdoctor.check import Settings
    from imdoctor.net.machine import Machine
    from imdoctor.runner import Job

    machine = Machine(environ=session.environ)
    loaded = read_credential(target, environ=session.environ, base=base, wall=machine.wall)
    proxy, proxy_url = _without_password(target.proxy)
    credential = replace(loaded.credential, proxy_url=proxy_url)
    session.secrets.extend((*credential.secrets(), *proxy_passwords(session.environ)))
    for warning in loaded.warnings:
        session.warn(warning, target=target.name)
    _store(target)
    settings = Settings(
        endpoint=target.called,
        site=target.site,
        sdkappid=target.sdkappid,
        identifier=target.identifier,
        timeout=target.timeout,
        probe=target.probe,
        client=target.client,
        ca_file=target.ca_file,
        proxy=proxy,
        credential=credential.kind,
        third_party=third_party,
        checks=options,
    )
    return Job(name=target.name, settings=settings, machine=machine, credential=credential, language=target.lang)


def _without_password(proxy: str) -> tuple[str, str | None]:
    """Return a proxy as reports show it, and the whole URL where that holds a password."""
    scheme, separator, rest = proxy.partition("://")
    _, at, host = rest.rpartition("@")
    return (f"{scheme}{separator}{host}", proxy) if at else (proxy, None)


def _store(target: Target) -> None:
    """See to it that the target's ca_file holds certificates. Raises ConfigError."""
    if target.ca_file is None:
        return
    import ssl

    try:
        text = read_file(Path(target.ca_file), LARGEST_STORE).data.decode("ascii", "replace")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except UnreadableError as error:
        raise ConfigError(_in_ca_file(target, str(error))) from None
    except (ssl.SSLError, ValueError):
        raise ConfigError(
            _in_ca_file(target, say("holds no certificates: name a file of certificates in PEM"))
        ) from None


def _in_ca_file(target: Target, text: str) -> Problem:
    where = ("targets", target.name, "ca_file")
    return Problem(
        say("target {name}: ca_file: {ca_file} {text}", name=target.name, ca_file=target.ca_file, text=text), at=where
    )
