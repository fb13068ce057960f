"""The client of a world: its files, its imdoctor.yaml, and the command that is judged."""

import json
import sys
import time
from pathlib import Path

from imdoctor.lab.front import HOST
from imdoctor.lab.world import credential
from tests.lab.certificates import authority
from tests.lab.geofiles import write_mmdb, write_xdb
from tests.lab.model import World


def write_files(world: World, folder: Path) -> None:
    """Write the client's own resolv.conf, hosts, nsswitch.conf and trust stores, and imdoctor's configuration."""
    named = world.nameservers if world.nameservers is not None else tuple(r.address for r in world.resolvers)
    lines = [*(f"nameserver {address}" for address in named), *world.resolv_lines]
    (folder / "resolv.conf").write_text("".join(f"{line}\n" for line in lines))
    (folder / "hosts").write_text("".join(f"{line}\n" for line in ("127.0.0.1 localhost", *world.hosts)))
    (folder / "nsswitch.conf").write_text("hosts: files dns\n")
    for name, roots in (("store.pem", world.store), ("reference.pem", world.reference)):
        (folder / name).write_bytes(b"".join(authority(root).root.pem() for root in roots))
    (folder / "no-certificates").mkdir()
    (folder / "imdoctor.yaml").write_text(json.dumps(_configuration(world, folder), indent=1))


def _configuration(world: World, folder: Path) -> dict[str, object]:
    """Return the configuration; JSON is YAML as well. The credential is made by the client's clock, as its application would."""
    held = world.credentials
    target: dict[str, object] = {
        "name": "prod",
        "endpoint": HOST,
        "sdkappid": 1400000000,
        "timeout": "4s",
        "client": {"timeout": "5s", "keepalive": True, "pool": 10},
        "proxy": world.proxy_setting,
        **world.target,
    }
    if held.identifier:
        target["identifier"] = held.identifier
    made = credential(held, time.time() + world.clock)
    for name, secret in (("secret_key", made.secret_key), ("usersig", None if made.made else made.usersig)):
        if secret is not None:
            file = folder / name
            file.touch(mode=0o600)
            file.write_text(secret.reveal())
            target[f"{name}_file"] = str(file)
    dns: dict[str, object] = dict(world.checks.get("dns", {}))
    if world.outside is not None and world.outside.files:
        files = {}
        for kind in world.outside.files:
            file = folder / f"places.{kind}"
            {"mmdb": write_mmdb, "xdb": write_xdb}[kind](file, world.outside.places)
            files[kind] = str(file)
        dns["geo"] = files
    tls = {"reference_ca_file": str(folder / "reference.pem"), **world.checks.get("tls", {})}
    return {"version": 1, "targets": [target], "checks": {**world.checks, "dns": dns, "tls": tls}}


def environ(world: World, folder: Path) -> dict[str, str]:
    """Return what the client's programs find in their environment beside its own."""
    trust = {"SSL_CERT_FILE": str(folder / "store.pem"), "SSL_CERT_DIR": str(folder / "no-certificates")}
    return {**trust, "CURL_CA_BUNDLE": trust["SSL_CERT_FILE"], **world.environ}


def plan(world: World, folder: Path) -> tuple[str, ...]:
    """Return the command that says what a run would send."""
    barred = [argument for argument in world.arguments if argument == "--no-third-party"]
    return _without_privilege(world, "plan", "--config", str(folder / "imdoctor.yaml"), "--format", "json", *barred)


def command(world: World, folder: Path) -> tuple[str, ...]:
    """Return the command as its user types it."""
    config = ("--config", str(folder / "imdoctor.yaml"))
    return _without_privilege(world, "run", *config, "--format", "json", *world.arguments)


def _without_privilege(world: World, *arguments: str) -> tuple[str, ...]:
    """Return a command of imdoctor's on a host whose clock may be wrong, without any privilege."""
    run = (sys.executable, "-m", "imdoctor", *arguments)
    shift = ("faketime", "--exclude-monotonic", "-f", f"{world.clock:+.0f}s") if world.clock else ()
    return ("setpriv", "--bounding-set=-all", "--inh-caps=-all", *shift, *run)
