"""Who watches a run: a live board on a terminal's standard error, elsewhere nobody."""

from collections.abc import Iterator
from contextlib import contextmanager

from imdoctor import runner
from imdoctor.cli.session import Session


@contextmanager
def watched(session: Session, *, several: bool) -> Iterator[runner.Progress]:
    """Hand out a live board on a terminal, elsewhere silence; ``several`` targets are told apart by name."""
    if not session.err.isatty() or session.environ.get("TERM") == "dumb":
        yield runner.SILENT
        return
    from imdoctor.render.live import live

    with live(session.err, several=several) as board:
        yield board
