"""The far end of the wire: an IM gateway on port 443 and a resolver on port 53 of an address.

Run as `python far.py ADDRESS FOLDER`: it writes its authority to FOLDER/ca.pem, prints "ready", and serves until its standard
input ends.
"""

import ssl
import sys
from pathlib import Path

from imdoctor.lab.authority import Authority
from imdoctor.lab.front import HOST
from imdoctor.lab.gateway import Answering, App, Gateway
from imdoctor.lab.loop import LabLoop, Place
from imdoctor.lab.resolver import Resolver, Resolving, start
from imdoctor.lab.world import KEY

NAMES = (HOST, *(f"app{number}.{HOST}" for number in range(1, 5)))
"""The names that lead here: several targets of one agent."""


def serve(address: str, folder: Path) -> None:
    """Serve until told to stop."""
    authority = Authority()
    leaf = authority.leaf(*NAMES)
    (folder / "ca.pem").write_bytes(authority.root.pem())
    (folder / "leaf.pem").write_bytes(leaf.key_pem() + leaf.pem())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "leaf.pem")
    with LabLoop(address) as lab:
        lab.serve(Gateway(App(key=KEY), Answering()).handler(), context=context, place=Place(port=443))
        start(lab, Resolver(dict.fromkeys(NAMES, (address,)), Resolving()), place=Place(port=53))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))
