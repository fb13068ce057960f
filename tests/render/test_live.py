"""The live board: a line for each check, with what became of it."""

import io
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console

from imdoctor.render.live import Board, live
from imdoctor.speech import speaking
from tests.render.reports import check


def drawn(board: Board, height: int = 25) -> str:
    """Return the board as text."""
    console = Console(file=io.StringIO(), width=60, height=height, force_terminal=False)
    with console.capture() as captured:
        console.print(board)
    return captured.get()


def test_board_shows_what_runs_and_what_is_done() -> None:
    """A check that is done shows its word and its time."""
    board = Board(several=False)
    board.started("prod", "dns")
    board.started("prod", "tls")
    board.finished("prod", check("dns", "fail", "", 0.0123))
    lines = drawn(board).splitlines()
    assert lines[0].split() == ["FAIL", "dns", "12.3", "ms"]
    assert "tls" in lines[1]
    assert "prod" not in "".join(lines)


def test_board_speaks_the_language_in_which_it_was_made() -> None:
    """It is drawn by another thread, which does not know what language is spoken."""
    with speaking("zh"):
        board = Board(several=False)
    board.finished("prod", check("dns", "fail", "", 0.0123))
    board.again("prod", 60.0)
    with ThreadPoolExecutor() as other:
        text = other.submit(drawn, board).result()
    assert text.split()[:4] == ["失败", "dns", "12.3", "ms"]
    assert "再试一次" in text


def test_board_names_targets_when_there_are_several() -> None:
    """With several targets each line names its own, and a name is no markup."""
    board = Board(several=True)
    board.started("[red]prod", "dns")
    assert "[red]prod dns" in drawn(board)


def test_board_is_no_higher_than_the_terminal() -> None:
    """Of more checks than there are lines, those that run are shown, and a number stands for those that are done."""
    board = Board(several=True)
    for number in range(30):
        board.started(f"target{number}", "dns")
        if number >= 3:
            board.finished(f"target{number}", check("dns", "ok", "", 0.1))
    lines = drawn(board, height=10).splitlines()
    assert lines[0] == "27 of 30 checks are done"
    assert [line.split()[1] for line in lines[1:]] == ["target0", "target1", "target2"]
    for number in range(30):
        board.started(f"target{number}", "tls")
    assert len(drawn(board, height=10).splitlines()) < 10


def test_board_counts_down_to_the_next_try() -> None:
    """Between two tries a line says when the next one is; it goes when that begins."""
    board = Board(several=True)
    board.started("prod", "dns")
    board.finished("prod", check("dns", "fail", "", 0.1))
    board.again("prod", 3600.0)
    assert "prod failed, once more" in drawn(board)
    board.started("prod", "dns")
    assert "once more" not in drawn(board)


def test_board_goes_away() -> None:
    """Off a terminal, and at the end on one, nothing of the board stays."""
    stream = io.StringIO()
    with live(stream, several=False) as board:
        board.started("prod", "dns")
        board.finished("prod", check("dns", "ok", "", 0.1))
    assert "FAIL" not in stream.getvalue()
    assert not stream.getvalue().strip()
