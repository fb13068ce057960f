"""How often imdoctor is right, as docs/accuracy.md publishes it: nothing but what a run of the worlds measured."""

from collections import Counter
from collections.abc import Iterator, Sequence

from imdoctor import registry
from imdoctor.catalogue import Catalogue
from tests.lab.model import World
from tests.lab.outcome import Outcome

CONFIDENCES = ("certain", "likely", "possible")
BY_TABLES = "tested by tables of judgements, in no world"
NOTHING = "nothing"


def wrong_certain(outcomes: Sequence[Outcome]) -> list[str]:
    """Return every cause that was called certain and is none."""
    return [
        f"{outcome.world}: {one.cause}"
        for outcome in outcomes
        for one in outcome.named
        if one.confidence == "certain" and one.cause not in (*outcome.expected, *outcome.allowed)
    ]


def false_alarms(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the healthy worlds in which a cause was named."""
    return [outcome.world for outcome in outcomes if not outcome.expected and outcome.told]


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the figures that the gate is about."""
    count, healthy = len(outcomes), sum(not outcome.expected for outcome in outcomes)
    first, every = sum(outcome.first_right for outcome in outcomes), sum(outcome.right for outcome in outcomes)
    rows = (
        ("worlds", str(count)),
        ("of them healthy", str(healthy)),
        ("of them with two faults", str(sum(len(outcome.expected) > 1 for outcome in outcomes))),
        ("first cause right", f"{first} of {count} ({first / count:.1%})"),
        (
            "every cause right and in order, nothing else named, exit code right",
            f"{every} of {count} ({every / count:.1%})",
        ),
        ("false alarms in healthy worlds", str(len(false_alarms(outcomes)))),
        ("wrong causes called certain", str(len(wrong_certain(outcomes)))),
        (
            "runs that sent what `imdoctor plan` does not list, or healthy ones that did not send what it does",
            str(sum(bool(outcome.unplanned) for outcome in outcomes)),
        ),
        ("reports that judge otherwise when replayed", str(sum(not outcome.replays for outcome in outcomes))),
    )
    return _table(("what", "measured"), rows)


def matrix(outcomes: Sequence[Outcome]) -> str:
    """Return the confusion matrix, its empty cells left out: the true first cause, and what was named first how often."""
    truths: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        named = truths.setdefault(next(iter(outcome.expected), NOTHING), Counter())
        named[next(iter(outcome.told), NOTHING)] += 1
    rows = (
        (truth, str(sum(named.values())), ", ".join(f"{cause} {count}" for cause, count in sorted(named.items())))
        for truth, named in sorted(truths.items())
    )
    return _table(("true first cause", "worlds", "named first"), rows)


def confidence(outcomes: Sequence[Outcome]) -> str:
    """Return the hit rate of each confidence word."""
    named = [(one.confidence, one.cause in outcome.expected) for outcome in outcomes for one in outcome.named]
    rows = []
    for word in CONFIDENCES:
        hits = [hit for said, hit in named if said == word]
        rate = f"{sum(hits) / len(hits):.1%}" if hits else "none named"
        rows.append((word, str(len(hits)), str(sum(hits)), rate))
    return _table(("confidence", "causes named", "of them right", "hit rate"), rows)


def untested(worlds: Sequence[World]) -> Iterator[str]:
    """Yield the codes of severity fail or warn that no world expects."""
    expected = {code for world in worlds for code in world.expect}
    for code, spec in Catalogue.of(registry.load().checks).specs.items():
        if spec.severity != "info" and code not in expected:
            yield code


def document(worlds: Sequence[World], outcomes: Sequence[Outcome]) -> str:
    """Return docs/accuracy.md."""
    by_name = {outcome.world: outcome for outcome in outcomes}
    listed = ((world.name, world.title, ", ".join(world.expect) or NOTHING) for world in worlds)
    ordered = [by_name[world.name] for world in worlds]
    never = "\n".join(f"- `{code}`: {BY_TABLES}." for code in untested(worlds))
    return DOCUMENT.format(
        summary=summary(ordered),
        confidence=confidence(ordered),
        matrix=matrix(ordered),
        never=never,
        worlds=_table(("world", "what is wrong in it", "causes that are right"), listed),
    )


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


DOCUMENT = """# Accuracy

This page is written by a command, and holds what that command measured:

```
sudo python -m tests.lab
```

It builds worlds out of network namespaces: a client, a router, resolvers, a proxy and the far hosts, with real servers (unbound,
dnsmasq, systemd-resolved, nginx, tinyproxy, squid, and an IM gateway of imdoctor's own), and plants faults by real means: firewalls,
routes, links, certificates, delay and loss, a moved clock. In each world it first makes sure of the truth by other programs (`dig`,
`curl`, `openssl s_client`, `nc`, the firewall's own counters), then runs the unmodified `imdoctor run` without any privilege on the client,
and holds the diagnosis against what was planted, and every packet against what `imdoctor plan` said. `python -m tests.lab PATTERN`
runs some of the worlds.

What it needs: Linux, root, /dev/net/tun, and programs of these Debian packages: iproute2, iptables, util-linux, unbound,
dnsmasq-base, nginx-light, tinyproxy-bin, squid, bind9-dnsutils, curl, openssl, netcat-openbsd, iputils-ping, faketime.
systemd-resolved is better unpacked (`apt-get download systemd-resolved && dpkg -x systemd-resolved_*.deb FOLDER`, with
FOLDER/lib/systemd on the PATH): its installation takes the machine's own resolv.conf over.

## Result

{summary}

A world is right only if all of its causes are named, the one to mend first first, nothing else is named, the exit code fits, and the
wire is as planned.

## What a confidence word is worth

{confidence}

`certain`: a differential experiment, or the other side's own word. `likely`: the pattern fits, and the main alternative was ruled out.
`possible`: the alternatives could not be tested; the report names what would settle it.

## Confusion matrix

{matrix}

## Never tested in a world

{never}
- Tencent Cloud's own servers: every gateway here is a model of them, after the public documents.
- The third parties of [step 4](step-4.md): whoami names, echoes and places are models of them as well.
- Faults below TCP that need other hardware: bit errors, reordering, asymmetric routes over several providers.
- macOS.

## The worlds

{worlds}
"""
