"""Runs every world, prints how often imdoctor is right, and fails if it is not: `python -m tests.lab`, as root.

A run of all worlds also writes docs/accuracy.md. All traffic stays in namespaces that it makes.
"""

import argparse
import multiprocessing
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from multiprocessing.pool import Pool
from pathlib import Path
from typing import NoReturn

from tests.lab import accuracy, corpus
from tests.lab.build import PATH
from tests.lab.model import World
from tests.lab.outcome import Outcome, live
from tests.lab.worlds import WORLDS

SIDE_BY_SIDE = 4
"""Worlds at once: they mostly wait."""
INTERRUPTED = 130
PATIENCE = 10.0
"""Seconds for the worlds to end after Ctrl-C."""
PROGRAMS = (
    *("ip", "iptables", "ip6tables", "nsenter", "unshare", "setpriv", "ss", "ping", "faketime"),
    *("unbound", "dnsmasq", "systemd-resolved", "nginx", "tinyproxy", "squid"),
    *("dig", "curl", "openssl", "nc"),
)
PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"


def main(arguments: Sequence[str]) -> int:
    """Run the worlds that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("worlds", nargs="*", default=["*"], help="patterns of names; all of them if none is given")
    parser.add_argument("--jobs", type=int, default=SIDE_BY_SIDE, help="worlds at once")
    parser.add_argument("--report", action="store_true", help="print the report of each world that went wrong")
    parser.add_argument(
        "--save", action="store_true", help="keep the reports as the corpus that tests/replay judges again"
    )
    parser.add_argument(
        "--rejudge", action="store_true", help="run no world: write the verdicts of the kept reports anew"
    )
    wanted = parser.parse_args(arguments)
    if wanted.rejudge:
        corpus.rejudge()
        return 0
    if lacks := list(lacking()):
        parser.error(f"this cannot run here: {'; '.join(lacks)}")
    worlds = [world for world in WORLDS if any(fnmatchcase(world.name, pattern) for pattern in wanted.worlds)]
    if not worlds:
        parser.error("no world has such a name")
    started = time.monotonic()
    pool = multiprocessing.get_context("fork").Pool(wanted.jobs, orderly_end, maxtasksperchild=1)
    try:
        outcomes = list(run(pool, worlds, whole=wanted.report))
    except KeyboardInterrupt:
        interrupted(pool)
    # Not terminate(): a worker that is killed while it waits for a task takes the queue's lock with it.
    pool.close()
    pool.join()
    say(accuracy.matrix(outcomes), accuracy.confidence(outcomes), accuracy.summary(outcomes))
    say(f"{time.monotonic() - started:.0f} s")
    if len(worlds) == len(WORLDS):
        PAGE.write_text(accuracy.document(worlds, outcomes))
    if wanted.save:
        corpus.save(outcomes)
    return 0 if all(outcome.right for outcome in outcomes) else 1


def lacking() -> Iterator[str]:
    """Say what this machine lacks."""
    if os.geteuid() != 0:
        yield "it needs root, to make network namespaces"
    if not Path("/dev/net/tun").exists():
        yield "it needs /dev/net/tun"
    missing = [name for name in PROGRAMS if shutil.which(name, path=f"{PATH}:{os.environ.get('PATH', '')}") is None]
    if missing:
        yield f"these programs are missing: {', '.join(missing)} (docs/accuracy.md tells where they come from)"


def orderly_end() -> None:
    """Let a world's process end by SIGTERM alone, and end what it started first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def interrupted(pool: Pool) -> NoReturn:
    """End the worlds that stand, and this process, even where the pool cannot end itself."""
    ending = threading.Thread(target=pool.terminate, daemon=True)
    ending.start()
    ending.join(PATIENCE)
    os._exit(INTERRUPTED)


def run(pool: Pool, worlds: Sequence[World], *, whole: bool) -> Iterator[Outcome]:
    """Yield each world's outcome. A world that is not what it says it is, by its own truth, is built once more."""
    untrue = []
    for outcome in pool.imap_unordered(live, worlds, chunksize=1):
        if outcome.untrue:
            untrue.append(outcome.world)
            say(f"built once more: {outcome.world}", *outcome.untrue)
        else:
            show(outcome, whole=whole)
            yield outcome
    for outcome in pool.imap_unordered(live, [world for world in worlds if world.name in untrue], chunksize=1):
        show(outcome, whole=whole)
        yield outcome


def say(*paragraphs: str) -> None:
    """Print paragraphs."""
    sys.stdout.writelines(f"{paragraph}\n\n" for paragraph in paragraphs)
    sys.stdout.flush()


def show(outcome: Outcome, *, whole: bool) -> None:
    """Print a line for a world, and more where something is wrong."""
    named = ", ".join(f"{one.cause} ({one.confidence})" for one in outcome.named) or accuracy.NOTHING
    sys.stdout.write(f"{'ok   ' if outcome.right else 'WRONG'} {outcome.seconds:5.1f} s  {outcome.world}: {named}\n")
    if not outcome.right:
        sys.stdout.writelines(f"      {line}\n" for line in reasons(outcome))
        if whole:
            sys.stdout.write(f"{corpus.pretty(outcome)}\n")
    sys.stdout.flush()


def reasons(outcome: Outcome) -> Iterable[str]:
    """Say what is wrong with a world, or with imdoctor in it."""
    yield f"expected: {', '.join(outcome.expected) or accuracy.NOTHING}; exit code {outcome.exit_code}"
    if not outcome.replays:
        yield "its report, judged again, gives another verdict"
    yield from outcome.untrue
    yield from outcome.untold
    yield from outcome.unplanned
    if outcome.error:
        yield outcome.error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
