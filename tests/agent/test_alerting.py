"""Alerts by apprise, against receivers of three kinds on this machine: a webhook, a chat as Mattermost and Slack have it, mail."""

import asyncio
import email
import email.policy
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from msgspec.structs import replace

from imdoctor.agent.alerting import Alert, known, title
from imdoctor.agent.delivery import DeliveryError, Message
from imdoctor.agent.events import Event
from imdoctor.config.secrets import Secret

TOKEN = "3ccdd113474722377935511fc85d3dd4"
EVENT = Event(
    name="opened",
    level="error",
    message="prod: FAILED since 10:31:05Z (2 runs): The certificate has expired (tls.cert-expired). First: renew it. Seen from web1.",
    target="prod",
    cause="tls.cert-expired",
    status="fail",
)
MESSAGE = Message(event=EVENT, report=b"{}", ok=False)


@contextmanager
def webhook(status: int = 200) -> Iterator[tuple[int, list[tuple[str, Any]]]]:
    """Serve HTTP on loopback; hand out the port, and each POST's path and JSON as it comes."""
    got: list[tuple[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, json.loads(body)))
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, got
        server.shutdown()
        thread.join()


class Mailbox:
    """Takes mail by SMTP."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd's own hook
        """Take one mail."""
        del server, session
        self.mails.append(envelope.content)
        return "250 OK"


def deliver(url: str, timeout: float = 20.0) -> None:
    """Deliver the event to one service."""
    asyncio.run(Alert(Secret(url), timeout=timeout).deliver(MESSAGE))


def test_a_webhook_gets_it() -> None:
    """A JSON webhook gets the title, the message and how grave it is."""
    with webhook() as (port, got):
        deliver(f"json://127.0.0.1:{port}/im")
    ((path, body),) = got
    assert path.rstrip("/") == "/im"
    assert (body["title"], body["message"], body["type"]) == (title(MESSAGE), EVENT.message, "failure")


def test_a_chat_gets_it() -> None:
    """A chat's incoming webhook gets a text with the cause, since when, what to do first, and the host."""
    with webhook() as (port, got):
        deliver(f"mmost://127.0.0.1:{port}/{TOKEN}")
    ((path, body),) = got
    assert path == f"/hooks/{TOKEN}"
    for part in ("prod", "tls.cert-expired", "since 10:31:05Z", "First: renew it.", "Seen from web1."):
        assert part in body["text"]


TITLES = {
    "English": (MESSAGE, "imdoctor: prod: opened (tls.cert-expired)"),
    "Chinese": (replace(MESSAGE, language="zh"), "imdoctor：prod：故障发生（tls.cert-expired）"),
    "without a cause": (
        Message(event=replace(EVENT, name="recovered", cause=None), report=b"", ok=True, language="zh"),
        "imdoctor：prod：故障恢复",
    ),
    "a name that is a word as well": (
        Message(event=replace(EVENT, target="timeout"), report=b"", ok=False, language="zh"),
        "imdoctor：timeout：故障发生（tls.cert-expired）",
    ),
    "of nobody": (
        Message(event=replace(EVENT, target=None), report=b"", ok=False),
        "imdoctor: the agent: opened (tls.cert-expired)",
    ),
}


@pytest.mark.parametrize("name", TITLES)
def test_the_title(name: str) -> None:
    """The title names target, change and cause in the message's language, whatever is spoken around it."""
    message, told = TITLES[name]
    assert title(message) == told


def test_mail_gets_it() -> None:
    """Mail gets the title as its subject."""
    box = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        deliver(f"mailto://127.0.0.1:{port}?from=imdoctor@example.com&to=ops@example.com&mode=insecure&format=text")
    finally:
        server.stop()
    (mail,) = (email.message_from_bytes(one, policy=email.policy.default) for one in box.mails)
    assert mail["Subject"] == title(MESSAGE)
    body = mail.get_body()
    assert body is not None
    assert EVENT.message in " ".join(body.get_content().split())


def test_what_is_not_taken_is_told_without_the_token(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """A service that refuses is an error without its URL; nothing of it is logged either."""
    with webhook(500) as (port, _), pytest.raises(DeliveryError, match="did not take it") as refused:
        deliver(f"mmost://127.0.0.1:{port}/{TOKEN}")
    out, err = capfd.readouterr()
    alert = Alert(Secret(f"mmost://127.0.0.1/{TOKEN}"), timeout=1.0)
    assert TOKEN not in f"{refused.value}{out}{err}{caplog.text}{alert!r}{alert.name}"
    assert alert.name == "the alert by mmost"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("wecombot://botkey1234567890", True),
        (f"feishu://{TOKEN}", True),
        (f"dingtalk://{TOKEN}/", True),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/", True),
        ("nobody://knows", False),
        ("", False),
        ("https://", False),
    ],
)
def test_which_urls_are_known(url: str, *, expected: bool) -> None:
    """The services that the documents name are known; what apprise does not know is said before anything is watched."""
    assert known(url) is expected
