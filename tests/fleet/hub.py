"""The middle of the fleet's network: a gateway, a good resolver, a broken one, and a receiver of Alertmanager's webhooks.

Run as `python -m tests.fleet.hub FOLDER`: it writes its authority to FOLDER/ca.pem and each webhook as a line to FOLDER/told.jsonl, prints
"ready", and serves until its standard input ends.
"""

import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from imdoctor.lab.authority import Authority
from imdoctor.lab.front import HOST
from imdoctor.lab.gateway import Answering, App, Gateway
from imdoctor.lab.loop import LabLoop, Place
from imdoctor.lab.resolver import Resolver, Resolving, start
from imdoctor.lab.world import KEY

GATEWAY, GOOD, BROKEN = "43.141.30.10", "43.141.30.53", "43.141.30.54"
WEBHOOK = 8080


def receiver(file: Path) -> HTTPServer:
    """Return a server that writes the body of each POST down, as a line."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with file.open("ab") as told:
                told.write(body + b"\n")
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            del format, args

    return HTTPServer(("127.0.0.1", WEBHOOK), Receiver)


def serve(folder: Path) -> None:
    """Serve until told to stop."""
    authority = Authority()
    leaf = authority.leaf(HOST)
    (folder / "ca.pem").write_bytes(authority.root.pem())
    (folder / "leaf.pem").write_bytes(leaf.key_pem() + leaf.pem())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "leaf.pem")
    with LabLoop(GATEWAY) as lab, receiver(folder / "told.jsonl") as webhook:
        threading.Thread(target=webhook.serve_forever, daemon=True).start()
        lab.serve(Gateway(App(key=KEY), Answering()).handler(), context=context, place=Place(port=443))
        start(lab, Resolver({HOST: (GATEWAY,)}, Resolving()), place=Place(GOOD, 53))
        start(lab, Resolver({HOST: (GATEWAY,)}, Resolving(rcode="SERVFAIL")), place=Place(BROKEN, 53))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
        webhook.shutdown()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
