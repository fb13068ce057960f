"""The page in a real browser: all there, nothing in its console, no request to anywhere, light and dark, narrow and wide."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from imdoctor.agent.talk import SECURITY
from imdoctor.render.html import page, render
from imdoctor.render.wrap import clean
from tests.render.browser import Browser, browser
from tests.render.pasts import PAST, WATCHED
from tests.render.reports import FAILED, HEALTHY, HOSTILE, REPORTS, TIMED, report

pytestmark = pytest.mark.needs("program:chromium")

PAGES = {
    "/status": page(WATCHED, {"prod": PAST}, refresh=3600),
    "/ticket": render(report(TIMED)),
    "/hostile": render(REPORTS["hostile"]),
    "/many": render(report(FAILED, HEALTHY, *REPORTS["chinese"].targets, *REPORTS["unknown"].targets)),
    "/control": '<!doctype html><img src="/picture"><script>console.log("here")</script>',
}


@contextmanager
def served() -> Iterator[tuple[str, list[str]]]:
    """Serve the pages with the headers of an agent's listener; yields the address, and the paths that were asked for."""
    asked: list[str] = []

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if self.path in PAGES else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            for name, value in SECURITY if self.path != "/control" else ():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(PAGES.get(self.path, "").encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all of these tests: to start one takes longer than they do."""
    with browser(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/control"])
def test_a_page_asks_for_nothing_and_has_no_error(window: Browser, path: str) -> None:
    """The browser asks for the page and for nothing else, and its console stays empty."""
    with served() as (address, asked):
        window.open(f"{address}{path}")
    assert (window.requests, asked) == ([f"{address}{path}"], [path])
    assert window.complaints == []


def test_the_browser_would_tell(window: Browser) -> None:
    """A page that asks for a picture and writes to the console is seen to do so."""
    with served() as (address, asked):
        window.open(f"{address}/control")
    assert "/picture" in asked
    assert f"{address}/picture" in window.requests
    assert any("here" in complaint for complaint in window.complaints)


@pytest.mark.parametrize("path", ["/status", "/ticket", "/hostile", "/many"])
@pytest.mark.parametrize("width", [320, 360, 1200])
@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(13, 17, 23)")])
def test_it_fits_every_window(window: Browser, path: str, width: int, scheme: str, ground: str) -> None:
    """Nothing sticks out of a narrow window or a wide one, and the ground is as light or dark as people want it."""
    with served() as (address, _):
        window.open(f"{address}{path}")
    window.look(width=width, scheme=scheme)
    assert window.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth") is True
    edge = "document.documentElement.clientWidth"
    outside = (
        f"[...document.body.querySelectorAll('*')].filter(one => one.getBoundingClientRect().right > {edge} + 0.5)"
    )
    assert window.value(f"{outside}.map(one => one.outerHTML)") == []
    assert window.value("getComputedStyle(document.body).backgroundColor") == ground


def test_a_hostile_text_is_shown_as_it_is(window: Browser) -> None:
    """What a server said stands in the page as text."""
    with served() as (address, _):
        window.open(f"{address}/hostile")
    assert window.value("document.scripts.length") == 0
    text = window.value("document.querySelector('h1').textContent")
    assert clean(HOSTILE) in text


def test_drawings_have_a_height_and_a_colour(window: Browser) -> None:
    """Every part of a drawing is there to be seen: it has a size, and a colour of its own status or phase."""
    with served() as (address, _):
        window.open(f"{address}/status")
    window.look(width=1200, scheme="light")
    assert window.value("[...document.querySelectorAll('svg')].every(one => one.clientHeight > 15)") is True
    assert window.value("document.querySelectorAll('svg').length") == 9
    colours = "new Set([...document.querySelectorAll('rect[class^=\"o-\"]')].map(one => getComputedStyle(one).fill))"
    assert window.value(f"[...{colours}].length") == 4
    assert window.value(f"{colours}.has('rgb(0, 0, 0)')") is False


def test_those_who_do_not_see_it_hear_it(window: Browser) -> None:
    """The accessibility tree names each drawing and describes it, and has the headings and the tables' heads."""
    with served() as (address, _):
        window.open(f"{address}/status")
    nodes = window.ask("Accessibility.getFullAXTree")["nodes"]
    named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if "role" in node]
    images = [name for role, name in named if role in {"image", "img"}]
    assert "probe: outcome over time Of its runs: 90 ok, 20 blocked." in images
    assert "probe, cold call: time over time The longest took 378 ms." in images
    assert {"columnheader", "rowheader", "heading"} <= {role for role, _ in named}
    assert ("rowheader", "tls") in named
