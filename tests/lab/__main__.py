"""Runs every world, prints how often imdoctor is right, and fails if it is not: `python -m tests.lab`, as root.

It needs the programs that docs/accuracy.md lists; all traffic stays in namespaces that it makes.
"""

import argparse
import multiprocessing
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase

from tests.lab.outcome import Outcome, live
from tests.lab.worlds import WORLDS

SIDE_BY_SIDE = 5
"""Worlds at once: they mostly wait."""


def main(arguments: Sequence[str]) -> int:
    """Run the worlds that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("worlds", nargs="*", default=["*"], help="patterns of names; all of them if none is given")
    parser.add_argument("--jobs", type=int, default=SIDE_BY_SIDE, help="worlds at once")
    parser.add_argument("--report", action="store_true", help="print the report of each world that went wrong")
    wanted = parser.parse_args(arguments)
    worlds = [world for world in WORLDS if any(fnmatchcase(world.name, pattern) for pattern in wanted.worlds)]
    outcomes = []
    with multiprocessing.get_context("fork").Pool(wanted.jobs, maxtasksperchild=1) as pool:
        for outcome in pool.imap_unordered(live, worlds, chunksize=1):
            outcomes.append(outcome)
            show(outcome, whole=wanted.report)
    wrong = [outcome for outcome in outcomes if not outcome.right]
    sys.stdout.write(f"{len(outcomes) - len(wrong)} of {len(outcomes)} right\n")
    return 1 if wrong else 0


def show(outcome: Outcome, *, whole: bool) -> None:
    """Print a line for a world, and more where something is wrong."""
    named = ", ".join(f"{one.cause} ({one.confidence})" for one in outcome.named) or "nothing"
    sys.stdout.write(f"{'ok   ' if outcome.right else 'WRONG'} {outcome.seconds:5.1f} s  {outcome.world}: {named}\n")
    if not outcome.right:
        sys.stdout.write(f"      expected: {', '.join(outcome.expected) or 'nothing'}; exit code {outcome.exit_code}\n")
        for line in (*outcome.untrue, *([outcome.error] if outcome.error else [])):
            sys.stdout.write(f"      {line}\n")
        if whole and outcome.report:
            import json

            sys.stdout.write(json.dumps(outcome.report, indent=1) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
