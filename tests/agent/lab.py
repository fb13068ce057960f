"""A gateway on loopback for an agent to watch: a test changes how it answers while the agent runs."""

import asyncio
import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from imdoctor import registry
from imdoctor.cli.jobs import option_types
from imdoctor.config.schema import schema
from imdoctor.lab.authority import Authority
from imdoctor.lab.gateway import Answering, App, Gateway
from imdoctor.lab.loop import LOOPBACK, LabLoop
from imdoctor.lab.world import KEY

VALIDATOR = Draft202012Validator(schema(option_types(registry.load().checks)))
SDKAPPID, ADMIN = 1400000000, "administrator"


@dataclass
class Flow:
    """A connection as a box on the way knows it: what comes after a rest it drops."""

    rest: float
    last: float = field(default_factory=time.monotonic)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes one way until they end."""
        while data := await reader.read(65536):
            forgotten = time.monotonic() - self.last > self.rest
            if not forgotten:
                self.last = time.monotonic()
                writer.write(data)
        writer.close()


@dataclass
class Watched:
    """The gateway, where it is, and the folder of the configuration that leads to it."""

    gateway: Gateway
    port: int
    lab: LabLoop
    silent: int
    """A port that answers no SYN."""
    folder: Path

    @property
    def endpoint(self) -> str:
        """Where the gateway listens."""
        return f"{LOOPBACK}:{self.port}"

    def forgetful(self, rest: float) -> int:
        """Return a port that leads to the gateway through a box which forgets connections that rested so many seconds, without a word."""

        async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            inner, outer = await asyncio.open_connection(LOOPBACK, self.port)
            flow = Flow(rest)
            await asyncio.gather(flow.carry(reader, outer), flow.carry(inner, writer))

        return self.lab.serve(through)

    def answer(self, answering: Answering) -> None:
        """Let it answer otherwise from the next connection on."""
        self.gateway.answering = answering

    def target(self, name: str, **more: Any) -> dict[str, Any]:
        """Return a target of the configuration."""
        return {"name": name, "endpoint": self.endpoint, "ca_file": "ca.pem", "proxy": "none", **more}

    def signing(self, name: str, **more: Any) -> dict[str, Any]:
        """Return a target that signs in."""
        account = {"sdkappid": SDKAPPID, "identifier": ADMIN, "secret_key_file": "key"}
        return self.target(name, **account, **more)

    def configure(self, *targets: dict[str, Any], **more: Any) -> Path:
        """Write the configuration: a second between two rounds, unless told otherwise. Nobody outside is asked."""
        schedule = {"every": "1s", "jitter": "0%", "confirm": 2, **more.pop("schedule", {})}
        checks = {"dns": {"third_party": False}, **more.pop("checks", {})}
        made = {"version": 1, "targets": list(targets), "schedule": schedule, "checks": checks, **more}
        VALIDATOR.validate(made)
        path = self.folder / "imdoctor.yaml"
        path.write_text(json.dumps(made, indent=1))
        return path


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """Start a gateway, and write what belongs to it into a folder."""
    authority = Authority()
    leaf = authority.leaf(LOOPBACK)
    (folder / "ca.pem").write_bytes(authority.root.pem())
    (folder / "leaf.pem").write_bytes(leaf.key_pem() + leaf.pem())
    (folder / "key").write_text(KEY)
    (folder / "key").chmod(0o600)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "leaf.pem")
    gateway = Gateway(App(key=KEY), Answering())
    with LabLoop() as lab:
        yield Watched(gateway, lab.serve(gateway.handler(), context=context), lab, lab.silent(), folder)
