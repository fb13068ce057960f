"""What a bundle holds of a report and of the program: files as text. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from imdoctor.bundle.redaction import (
    Redaction,
    names_of_hosts,
    names_of_proxies,
    names_of_report,
    names_of_resolv_conf,
    redacted_report,
    vocabulary,
)
from imdoctor.bundle.system import Item
from imdoctor.model import Report
from imdoctor.render import FORMATS, Style

NAMES = {
    "system/hosts": names_of_hosts,
    "system/resolv.conf": names_of_resolv_conf,
    "system/resolved.conf": names_of_resolv_conf,
    "system/proxy.txt": names_of_proxies,
}
"""What finds the host names in a file."""
LIST = "contents.txt"
BEGIN = "-----BEGIN CERTIFICATE-----"


def assembled(
    report: Report, system: Iterable[Item], releases: Iterable[str], redaction: Redaction | None
) -> tuple[Item, ...]:
    """Return every file of a bundle, the list of them first; redacted, if that is asked for."""
    if redaction is not None:
        report = redacted_report(report, redaction)
        system = [_redacted(item, redaction) for item in system]
    items = (*of_report(report), *system, versions(report, releases))
    head = (
        ""
        if redaction is None
        else "Host names and private addresses are replaced, by the same words in every file.\n\n"
    )
    return (Item(name=LIST, what="this list", text=f"{head}{listed(items)}"), *items)


def redaction_of(report: Report, system: Iterable[Item]) -> Redaction:
    """Return the redaction of every host name that a report and the host's files hold."""
    files = (name for item in system for name in NAMES.get(item.name, _none)(item.text or ""))
    return Redaction(frozenset({*names_of_report(report), *files} - vocabulary(report)))


def _none(_: str) -> Iterator[str]:
    yield from ()


def _redacted(item: Item, redact: Redaction) -> Item:
    return Item(name=item.name, what=redact(item.what), text=None if item.text is None else redact(item.text))


def of_report(report: Report) -> Iterator[Item]:
    """Yield the report for programs and for people, and every chain that was seen, as PEM."""
    page = Style(width=80, verbose=True)
    yield Item(name="report.json", what="the report, for `imdoctor judge`", text=FORMATS["json"](report, page))
    yield Item(name="report.txt", what="the report, for people", text=FORMATS["text"](report, page))
    for target in report.targets:
        chains = dict.fromkeys(_pem(chain) for check in target.checks for chain in _chains(check.observation))
        for number, pem in enumerate((pem for pem in chains if pem), 1):
            name = f"chain/{re.sub(r'[^A-Za-z0-9._-]', '_', target.name)}-{number}.pem"
            yield Item(name=name, what=f"a chain that {target.name} was shown", text=pem)


def versions(report: Report, releases: Iterable[str]) -> Item:
    """Return the releases of what made the report, and of what this program stands on."""
    host = report.host
    made = [f"report by imdoctor {report.imdoctor}", host.system, f"Python {host.python}", host.openssl]
    lines = [*made, *releases]
    return Item(name="versions.txt", what="releases", text="".join(f"{line}\n" for line in lines))


def listed(items: Iterable[Item]) -> str:
    """Return the list of a bundle's files, and of what is missing and why."""
    rows = sorted((item.name, item.what if item.text is not None else f"missing: {item.what}") for item in items)
    width = max((len(name) for name, _ in rows), default=0)
    return "".join(f"{name:<{width}}  {what}\n" for name, what in rows)


def _chains(value: Any) -> Iterator[Sequence[Any]]:  # noqa: ANN401 - whatever JSON holds
    """Yield every list of certificates in an observation: objects with a `pem`."""
    if isinstance(value, list | tuple):
        if value and all(isinstance(item, dict) and "pem" in item for item in value):
            yield value
        else:
            yield from (chain for item in value for chain in _chains(item))
    elif isinstance(value, dict):
        yield from (chain for item in value.values() for chain in _chains(item))


def _pem(chain: Sequence[Any]) -> str:
    """Return a chain as PEM, each certificate under its subject (RFC 7468, 5.2, allows text before it)."""
    shown = [item for item in chain if str(item["pem"]).startswith(BEGIN)]
    return "".join(f"subject: {item.get('subject')}\nissuer: {item.get('issuer')}\n{item['pem']}" for item in shown)
