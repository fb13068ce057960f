"""Who watches a run: a live board on a terminal's standard error, elsewhere nobody."""

from collections.abc import Iterator
from contextlib import contextmanager

from imdoctor import runner
from imdoctor.cli.output import PLAIN, Look
from imdoctor.cli.session import Session


@contextmanager
def watched(session: Session, *, several: bool, look: Look = PLAIN) -> Iterator[runner.Progress]:
    """Hand out a live board on a terminal, elsewhere and with -q silence; ``several`` targets are told apart by name."""
    if look.quiet or not session.err.isatty() or session.environ.get("TERM") == "dumb":
        yield runner.SILENT
        return
    from imdoctor.render.live import live

    plain = look.colour == "never" or (look.colour == "auto" and bool(session.environ.get("NO_COLOR")))
    with live(session.err, several=several, colour=not plain) as board:
        yield board
