"""`imdoctor plan`: what a run would send. Nothing is sent."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
import msgspec

from imdoctor.cli.jobs import Wanted, Work, prepared
from imdoctor.cli.options import lang_option, target_options
from imdoctor.cli.output import speaking_for, style
from imdoctor.cli.session import Session
from imdoctor.im.sites import site_chosen
from imdoctor.render.wrap import wrap
from imdoctor.speech import mark, say

if TYPE_CHECKING:
    from imdoctor.check import Context, Egress
    from imdoctor.runner import Job

SECRETS = {
    "none": mark("no credential: the API is asked anonymously"),
    "usersig": mark("a usersig"),
    "secret_key": mark("a usersig made for the run from the secret key; the key itself is never sent"),
}


@click.command()
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="For people, or as JSON.")
@lang_option
@target_options
@click.pass_obj
def plan(session: Session, /, form: str, **wanted: Any) -> int:
    """Show what a run would send, where, on which condition, and with which secrets. Nothing is sent."""
    with prepared(Wanted(**wanted), session) as work, speaking_for(form):
        if form == "json":
            text = json.dumps([_data(job, work) for job in work.jobs], indent=2, ensure_ascii=False)
        else:
            width = style(session).width
            text = "\n".join(line for job in work.jobs for line in _job(job, work, width))
    session.say(f"{text}\n", form)
    return 0


def _context(job: "Job") -> "Context":
    from imdoctor.check import Context, Deadline

    return Context(settings=job.settings, machine=job.machine, deadline=Deadline.after(0), credential=job.credential)


def _data(job: "Job", work: Work) -> dict[str, Any]:
    """Return a target's plan as data: `sends` holds each thing with the check that sends it."""
    ctx = _context(job)
    sends = [
        {"check": check.name, **msgspec.structs.asdict(egress)} for check in work.checks for egress in check.plan(ctx)
    ]
    return {"name": job.name, "endpoint": str(job.settings.endpoint), "site": job.settings.site, "sends": sends}


def _job(job: "Job", work: Work, width: int) -> Iterator[str]:
    """Yield a target's lines."""
    ctx = _context(job)
    yield from wrap(
        say(
            "{name}: {endpoint}, with {secrets}",
            name=job.name,
            endpoint=job.settings.endpoint,
            secrets=SECRETS[job.settings.credential],
        ),
        width,
        rest="  ",
    )
    if chosen := site_chosen(job.settings.site, job.settings.sdkappid):
        yield from wrap(chosen, width, "  ")
    for check in work.checks:
        sent = list(check.plan(ctx))
        if not sent:
            yield say("  {name}: sends nothing", name=check.name)
        for egress in sent:
            yield from wrap(say("{who}: {told}", who=check.name, told=_told(egress)), width, "  ", "      ")


def _told(egress: "Egress") -> str:
    """Return one thing that would be sent, as a sentence."""
    place = f"[{egress.to}]:{egress.port}" if ":" in egress.to else f"{egress.to}:{egress.port}"
    through = say(" through {through}", through=egress.through) if egress.through else ""
    parts = [
        say(
            "{protocol} to {place}{through}: {why}",
            protocol=egress.protocol,
            place=place,
            through=through,
            why=egress.why,
        )
    ]
    if egress.condition:
        parts.append(say("only if {condition}", condition=egress.condition))
    if egress.secret:
        parts.append(say("with the {secret}", secret=egress.secret))
    if egress.third_party:
        parts.append(say("a third party: left out by --no-third-party"))
    return say("; ").join(parts)
