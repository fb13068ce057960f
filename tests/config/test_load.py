"""Configuration files: what a good one says, and every error of a bad one, at its place."""

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from imdoctor.config.load import ConfigError, find, load, loads
from imdoctor.config.model import Client, Config, Endpoint, Events, History, Otlp, ProbeCall, Schedule, Target
from tests.config.options import OPTIONS, DnsOptions, Geo

KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
USERSIG = "eJwtzEELgjAYxvHvsnPIu7lpCl2qQ4cIIqWzuFmvpSxZUYTfPdFuz*8Pz4dk2yN7mo6k"

FULL = """\
version: 1
targets:
  - &base
    name: prod
    endpoint: console.tim.qq.com        # host, host:port or https://host
    sdkappid: 1400000000
    identifier: administrator
    usersig_file: usersig
    timeout: 5s
    probe: {service: im_open_login_svc, command: account_check, body: {CheckItem: [{UserID: administrator}]}}
    client: {timeout: 5s, keepalive: true, pool: 10}
    ca_file: null
    proxy: env
  - <<: *base
    name: test
    endpoint: https://adminapisgp.im.qcloud.com:8443
    ca_file: certs/ca.pem
    proxy: http://me:word@proxy.example:3128
checks:
  dns: {nameservers: [192.0.2.1], slow: 300ms, geo: {mmdb: geo.mmdb}, either: x, limits: {a: 1m}, ratio: 1}
schedule: {every: 1m, jitter: 20%, checks: {client: 1h}, confirm: 3}
history: {keep: 7d, size: 64MiB}
events: {on_change: [/bin/tell, "%s"], timeout: 5s, heartbeat: https://hc.example/x}
otlp: {endpoint: "https://otel.example:4318", every: 30s, timeout: 5s, headers_env: OTLP_HEADERS}
"""


def parsed(text: str) -> Config:
    """Return a text's configuration, as if it stood in /etc/imdoctor/c.yaml."""
    return loads(text, OPTIONS, file="c.yaml", folder=Path("/etc/imdoctor"))


def attempted(text: str) -> Config | ConfigError:
    """Return the configuration, or the error; anything else is raised on."""
    try:
        return parsed(text)
    except ConfigError as error:
        return error


def problems(text: str) -> list[str]:
    """Return what is wrong with a text."""
    with pytest.raises(ConfigError) as caught:
        parsed(text)
    return [str(problem) for problem in caught.value.problems]


def test_every_key_is_read() -> None:
    """Each key of the format arrives as its value: durations in seconds, paths absolute, anchors and merges followed."""
    base = Target(
        name="prod",
        endpoint=Endpoint("console.tim.qq.com", 443),
        sdkappid=1400000000,
        identifier="administrator",
        usersig_file="usersig",
        timeout=5.0,
        probe=ProbeCall("im_open_login_svc", "account_check", {"CheckItem": [{"UserID": "administrator"}]}),
        client=Client(timeout=5.0, keepalive=True, pool=10),
    )
    config = parsed(FULL)
    assert config.targets[0] == base
    assert config.targets[1].name == "test"
    assert config.targets[1].endpoint == Endpoint("adminapisgp.im.qcloud.com", 8443)
    assert config.targets[1].ca_file == "/etc/imdoctor/certs/ca.pem"
    assert config.targets[1].proxy == "http://me:word@proxy.example:3128"
    assert config.targets[1].client == base.client
    assert config.checks == {
        "dns": DnsOptions(
            nameservers=("192.0.2.1",),
            slow=0.3,
            geo=Geo(mmdb="/etc/imdoctor/geo.mmdb"),
            either="x",
            limits={"a": 60.0},
            ratio=1.0,
        )
    }
    assert config.schedule == Schedule(every=60.0, jitter=0.2, checks={"client": 3600.0}, confirm=3)
    assert config.history == History(keep=7 * 86400.0, size=64 * 1024**2)
    assert config.events == Events(on_change=("/bin/tell", "%s"), timeout=5.0, heartbeat="https://hc.example/x")
    assert config.otlp == Otlp(
        endpoint="https://otel.example:4318", every=30.0, timeout=5.0, headers_env="OTLP_HEADERS"
    )


def test_only_the_version_is_the_default() -> None:
    """A file of nothing but its version is the China site's domain, anonymously."""
    config = parsed("version: 1\n")
    assert config == Config(targets=(Target(),))
    assert (config.targets[0].called, config.targets[0].site) == (Endpoint("console.tim.qq.com", 443), None)


T = "targets:\n  - "
BAD: dict[str, tuple[str, list[str]]] = {
    "another version": ("version: 2", ["c.yaml:1:10: version: this release reads version 1: write `version: 1`"]),
    "an empty file": ("", ["c.yaml: this file is empty: write at least `version: 1`"]),
    "a comment only": ("# nothing\n", ["c.yaml: this file is empty: write at least `version: 1`"]),
    "a list": (
        "- 1",
        ["c.yaml:1:1: configuration: a mapping is expected: write keys and values, such as `version: …`"],
    ),
    "a misspelt key": ("target: []", ["c.yaml:1:1: unknown key 'target': did you mean targets?"]),
    "a strange key": (
        "xyz: 1",
        [
            "c.yaml:1:1: unknown key 'xyz': known here: checks, defaults, events, history, otlp, schedule, targets, version"
        ],
    ),
    "a key twice": ("version: 1\nversion: 1", ["c.yaml:2:1: 'version' stands on line 1 already: keep one of them"]),
    "a key that is no word": ("? [a]\n: 1", ["c.yaml:1:3: a key is a plain word: write `name: value`"]),
    "no targets": (
        "targets: []",
        ["c.yaml:1:10: targets: a list of at least one target is expected: write `- name: …` for each"],
    ),
    "targets as a mapping": (
        "targets: {name: a}",
        ["c.yaml:1:10: targets: a list of at least one target is expected: write `- name: …` for each"],
    ),
    "a name for all": (
        "defaults: {name: a}",
        ["c.yaml:1:18: name: each target has its own: write it there, and not in defaults"],
    ),
    "a misspelt default": ("defaults: {sdkapid: 1}", ["c.yaml:1:12: unknown key 'sdkapid': did you mean sdkappid?"]),
    "defaults as a list": (
        "defaults: []",
        ["c.yaml:1:11: defaults: a mapping is expected: write keys and values, such as `name: …`"],
    ),
    "a default that is told once, however many share it": (
        f"defaults: {{timeout: 1s}}\n{T}name: a\n  - name: b",
        ["c.yaml:1:21: timeout: the IM backend's own timeout is 3 s: write more than 3s, such as 5s"],
    ),
    "a default of the wrong type": (
        f"defaults: {{sdkappid: x}}\n{T}name: a\n  - name: b",
        ["c.yaml:1:22: sdkappid: a whole number is expected: write its digits, without quotes"],
    ),
    "two credentials for all": (
        "defaults: {usersig_file: a, usersig_env: B}\ntargets: [{secret_key_file: c, sdkappid: 1, identifier: a}]",
        ["c.yaml:1:42: usersig_env: usersig_file names a credential already: keep one of them"],
    ),
    "a key for all, and one target without its app": (
        f"defaults: {{secret_key_env: K, identifier: a}}\n{T}{{name: a, sdkappid: 1}}\n  - name: b",
        [
            (
                "c.yaml:4:5: secret_key_env: a usersig is made for an identifier of an SDKAppID: write sdkappid and identifier "
                "beside it"
            )
        ],
    ),
    "a probe by a name that is none": (
        f"{T}probe: {{service: a/../b, command: account_check}}",
        [
            (
                "c.yaml:2:12: probe: service: 'a/../b' is no service's name: write letters, digits and _ only, such as "
                "im_open_login_svc"
            )
        ],
    ),
    "a probe that changes something": (
        f"{T}probe: {{service: im_open_login_svc, command: kick}}",
        [
            "c.yaml:2:12: probe: command: kick changes something at each call: name one that only reads, such as account_check"
        ],
    ),
    "a target of one name": (
        f"{T}name: a\n  - {{name: a}}",
        ["c.yaml:3:12: name: 'a' is the target on line 2 already: give each its own"],
    ),
    "two targets without a name": (
        f"{T}sdkappid: 1\n  - sdkappid: 2",
        ["c.yaml:3:5: name: 'default' is the target on line 2 already: give each its own"],
    ),
    "a name that cannot be printed": (
        f'{T}name: "a\\e"',
        ["c.yaml:2:11: name: a name has 1 to 64 characters that can be printed"],
    ),
    "a name of 65 characters": (
        f"{T}name: {'a' * 65}",
        ["c.yaml:2:11: name: a name has 1 to 64 characters that can be printed"],
    ),
    "a number for a text": (f"{T}name: 12", ["c.yaml:2:11: name: a text is expected: put it in quotes"]),
    "a text for a number": (
        f'{T}sdkappid: "14"',
        ["c.yaml:2:15: sdkappid: a whole number is expected: write its digits, without quotes"],
    ),
    "an SDKAppID of 0": (f"{T}sdkappid: 0", ["c.yaml:2:15: sdkappid: a whole number >= 1 is expected"]),
    "an SDKAppID of 33 bits": (
        f"{T}sdkappid: 4294967296",
        ["c.yaml:2:15: sdkappid: a whole number <= 4294967295 is expected"],
    ),
    "a number of 65 bits": (
        f"{T}sdkappid: {2**64}",
        ["c.yaml:2:15: JSON has no such value: write a number of 64 bits, or put it in quotes"],
    ),
    "an identifier of 33 bytes": (
        f"{T}identifier: {'é' * 16}x",
        ["c.yaml:2:17: identifier: an identifier has at most 32 bytes: write the admin account's own"],
    ),
    "an identifier of nothing": (
        f'{T}identifier: ""',
        ["c.yaml:2:17: identifier: an identifier is not empty: write the admin account's, or leave the key out"],
    ),
    "plain HTTP": (
        f"{T}endpoint: http://console.tim.qq.com",
        [
            (
                "c.yaml:2:15: endpoint: the API is called by HTTPS only, since a call carries its usersig: write the host alone, "
                "or https://host"
            )
        ],
    ),
    "a timeout of 3 s": (
        f"{T}timeout: 3s",
        ["c.yaml:2:14: timeout: the IM backend's own timeout is 3 s: write more than 3s, such as 5s"],
    ),
    "a duration without its unit": (
        f"{T}timeout: 5",
        ["c.yaml:2:14: timeout: a duration needs its unit: write 5s, if seconds are meant"],
    ),
    "no truth value": (
        f"{T}client: {{keepalive: maybe}}",
        ["c.yaml:2:25: keepalive: true or false is expected: write one of them, without quotes"],
    ),
    "half a probe": (f"{T}probe: {{service: a}}", ["c.yaml:2:12: probe: command is missing: add `command: …`"]),
    "a proxy of another kind": (
        f"{T}proxy: socks5://a:1",
        [
            "c.yaml:2:12: proxy: a proxy of the kind socks5 is not supported: write env, none or http://proxy.example:3128"
        ],
    ),
    "two credentials": (
        f"{T}usersig_file: a\n    usersig_env: B",
        ["c.yaml:3:18: usersig_env: usersig_file names a credential already: keep one of them"],
    ),
    "a key without its app": (
        f"{T}secret_key_env: K",
        [
            (
                "c.yaml:2:21: secret_key_env: a usersig is made for an identifier of an SDKAppID: write sdkappid and identifier "
                "beside it"
            )
        ],
    ),
    "a secret as a key's value": (
        f"{T}secret_key: {KEY}",
        [
            "c.yaml:2:5: unknown key 'secret_key': a secret is a path or a variable's name: use secret_key_file or secret_key_env"
        ],
    ),
    "a usersig as a value": (
        f"{T}UserSig: {USERSIG}",
        ["c.yaml:2:5: unknown key 'UserSig': a secret is a path or a variable's name: use usersig_file or usersig_env"],
    ),
    "a usersig for a path": (
        f"{T}usersig_file: {USERSIG}",
        [
            "c.yaml:2:19: usersig_file: what stands here looks like a secret itself and is not shown: write a file's path"
        ],
    ),
    "a check that is not there": ("checks: {dsn: {}}", ["c.yaml:1:10: unknown key 'dsn': did you mean dns?"]),
    "a check without options": (
        "checks: {client: {}}",
        ["c.yaml:1:18: client: this check has no options: remove them"],
    ),
    "an option that is not there": (
        "checks: {dns: {slwo: 1s}}",
        ["c.yaml:1:16: unknown key 'slwo': did you mean slow?"],
    ),
    "an option that is missing": ("checks: {needy: {}}", ["c.yaml:1:17: needy: must is missing: add `must: …`"]),
    "a check's own rule": ("checks: {needy: {must: 13}}", ["c.yaml:1:24: must: 13 is not lucky: write 12"]),
    "two values that a check refuses, each for itself": (
        "checks: {dns: {most: 9, share: 1%, slow: 9s}}",
        ["c.yaml:1:22: most: 9 is too much: write 8", "c.yaml:1:32: share: 1% is too little: write 2%"],
    ),
    "values that a check refuses together": (
        "checks: {dns: {mode: slow, slow: 1s}}",
        ["c.yaml:1:15: dns: slow and 1s are one too many: write mode: quick"],
    ),
    "a word that is no choice": ("checks: {dns: {mode: odd}}", ["c.yaml:1:22: mode: one of quick, slow is expected"]),
    "an endpoint that YAML takes for a word of its own": (
        f"{T}endpoint: yes",
        ["c.yaml:2:15: endpoint: a text is expected: put it in quotes"],
    ),
    "a time that YAML takes for a word of its own": (
        f"{T}timeout: yes",
        ["c.yaml:2:14: timeout: 'yes' is no duration: write 300ms, 5s, 2m, 1h or 21d"],
    ),
    "a language that is none": (f"{T}lang: fr", ["c.yaml:2:11: lang: one of en, zh is expected"]),
    "a locale for a language": (
        f"{T}lang: zh_CN.UTF-8",
        ["c.yaml:2:11: lang: one of en, zh is expected: did you mean zh?"],
    ),
    "a language's whole name": (
        "defaults: {lang: English}",
        ["c.yaml:1:18: lang: one of en, zh is expected: did you mean en?"],
    ),
    "a language that YAML takes for a word of its own": (
        "defaults: {lang: no}",
        ["c.yaml:1:18: lang: one of en, zh is expected"],
    ),
    "a number out of range": ("checks: {dns: {count: 10}}", ["c.yaml:1:23: count: a whole number <= 9 is expected"]),
    "neither of two types": (
        "checks: {dns: {either: [1]}}",
        ["c.yaml:1:24: either: a whole number or a text is expected"],
    ),
    "no list": (
        "checks: {dns: {nameservers: a}}",
        ["c.yaml:1:29: nameservers: a list is expected: write `[a, b]`, or a line `- a` for each"],
    ),
    "a list for a value": ("checks: {dns: {slow: [1s]}}", ["c.yaml:1:22: slow: one value is expected here"]),
    "nothing for a value": ("checks: {dns: {slow: null}}", ["c.yaml:1:22: slow: one value is expected here"]),
    "no percentage": ("schedule: {jitter: 10}", ["c.yaml:1:20: jitter: '10' is no percentage: write 10%"]),
    "a percentage over 100": ("schedule: {jitter: 101%}", ["c.yaml:1:20: jitter: a number <= 1.0 is expected"]),
    "a round of no time": (
        "schedule: {every: 999ms}",
        ["c.yaml:1:19: every: a round takes a second at least: write 1s or more, such as 60s"],
    ),
    "a check's round of no time": (
        "schedule: {checks: {client: 0s}}",
        ["c.yaml:1:29: client: a round takes a second at least: write 1s or more, such as 1h"],
    ),
    "no size": (
        "history: {size: 256}",
        ["c.yaml:1:17: size: '256' is no size: write 256MiB, or another number of KiB, MiB or GiB"],
    ),
    "a history of no size": (
        "history: {size: 1KiB}",
        ["c.yaml:1:17: size: a history takes a megabyte at least: write 1MiB or more, such as 256MiB"],
    ),
    "a command of no program": (
        "events: {on_change: ['']}",
        ["c.yaml:1:21: on_change: its first word is a program: write [/usr/local/bin/tell, its, arguments]"],
    ),
    "a command for a shell": (
        "events: {on_change: mail root}",
        ["c.yaml:1:21: on_change: a list is expected: write `[a, b]`, or a line `- a` for each"],
    ),
    "a delivery of no time": (
        "events: {timeout: 10ms}",
        ["c.yaml:1:19: timeout: a delivery gets a second at least: write 1s or more, such as 30s"],
    ),
    "a heartbeat that is no URL": (
        "events: {heartbeat: hc.example/4b6f}",
        ["c.yaml:1:21: heartbeat: this is no URL: write https://host/path"],
    ),
    "two heartbeats": (
        "events: {heartbeat: https://hc.example/x, heartbeat_env: HEARTBEAT}",
        ["c.yaml:1:58: heartbeat_env: heartbeat names a URL already: keep one of them"],
    ),
    "a collector without its URL": ("otlp: {every: 60s}", ["c.yaml:1:7: otlp: endpoint is missing: add `endpoint: …`"]),
    "a collector that is no URL": (
        "otlp: {endpoint: otel.example:4318}",
        ["c.yaml:1:18: endpoint: this is no URL: write https://host/path"],
    ),
    "a collector with a password": (
        "otlp: {endpoint: 'https://me:word@otel.example'}",
        [
            "c.yaml:1:18: endpoint: a password does not stand in this file: put an authorization header into headers_env's variable"
        ],
    ),
    "pushes without a pause": (
        "otlp: {endpoint: 'https://otel.example', every: 10ms}",
        ["c.yaml:1:49: every: a push takes a second at least: write 1s or more, such as 60s"],
    ),
    "pushes of no time": (
        "otlp: {endpoint: 'https://otel.example', timeout: 10ms}",
        ["c.yaml:1:51: timeout: a push gets a second at least: write 1s or more, such as 10s"],
    ),
    "a schedule for no check": (
        "schedule: {checks: {tpc: 1h}}",
        ["c.yaml:1:21: unknown key 'tpc': known here: client, dns, needy"],
    ),
    "a tag": (
        "targets: !!python/object/apply:os.system [id]",
        [
            "c.yaml:1:10: the tag 'tag:yaml.org,2002:python/object/apply:o…' is not allowed: write the value without a tag"
        ],
    ),
    "an alias of nothing": (
        "targets: *eJwtzEELgjAYxvHvsnPIu7lpCl2qQ4cIIqWzuFmvpSxZUYTf",
        [
            "c.yaml:1:10: not valid YAML: no anchor of this name stands before it: check the indentation, the colons and the quotes here"
        ],
    ),
    "an alias within itself": ("targets: &a [*a]", ["c.yaml:1:10: aliases make this too large: write fewer of them"]),
    "no YAML": (
        "targets: [",
        [
            (
                "c.yaml:1:11: not valid YAML: expected the node content, but found '<stream end>': check the indentation, the colons "
                "and the quotes here"
            )
        ],
    ),
    "two documents": (
        "version: 1\n---\nversion: 1",
        [
            "c.yaml:2:1: not valid YAML: but found another document: check the indentation, the colons and the quotes here"
        ],
    ),
    "a control character": (
        "version: 1\n# \x07",
        ["c.yaml:2:3: a control character stands here: remove it, or write it as an escape in double quotes"],
    ),
    "a merge of no mapping": ("<<: 1", ["c.yaml:1:5: << merges a mapping in: name an anchor of one"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors_stand_at_their_place(name: str) -> None:
    """Each error says what, where, and what to write instead."""
    text, expected = BAD[name]
    assert problems(text) == expected


SITES = {
    "below the first range": (19_999_999, "China", "console.tim.qq.com"),
    "the first of a range": (20_000_000, "Singapore", "adminapisgp.im.qcloud.com"),
    "the last of a range": (29_999_999, "Singapore", "adminapisgp.im.qcloud.com"),
    "of a range of ten digits": (1_770_000_000, "Silicon Valley", "adminapiusa.im.qcloud.com"),
    "of no range": (1_400_000_000, "China", "console.tim.qq.com"),
}


@pytest.mark.parametrize("name", SITES)
@pytest.mark.parametrize("endpoint", ["", "endpoint: null, "], ids=["left out", "null"])
def test_without_an_endpoint_the_number_chooses_the_site(name: str, endpoint: str) -> None:
    """An SDKAppID without an endpoint is called at the domain that its number speaks for, and the choice has a name."""
    number, site, domain = SITES[name]
    (target,) = parsed(f"targets: [{{{endpoint}sdkappid: {number}}}]").targets
    assert (target.site, target.called) == (site, Endpoint(domain, 443))


def test_an_endpoint_that_is_given_counts() -> None:
    """Where an endpoint is given nothing is chosen, whatever the SDKAppID."""
    (target,) = parsed("targets: [{endpoint: 192.0.2.1, sdkappid: 20000000}]").targets
    assert (target.site, target.called) == (None, Endpoint("192.0.2.1", 443))


DEFAULTS = """\
defaults: {sdkappid: 20000000, identifier: admin, secret_key_env: K, timeout: 4s, client: {timeout: 9s, pool: 3}, ca_file: a.pem}
targets:
  - name: all
  - {name: own, sdkappid: 1, identifier: own, timeout: 5s, client: {pool: 1}, ca_file: null, endpoint: 192.0.2.1}
  - {name: file, usersig_file: sig}
  - {name: nobody, secret_key_env: null}
"""


def test_targets_share_defaults() -> None:
    """What the defaults say holds for each target that says nothing itself; a value of its own counts as a whole."""
    shared, own, file, nobody = parsed(DEFAULTS).targets
    alone = Target(
        sdkappid=20000000,
        identifier="admin",
        timeout=4.0,
        client=Client(timeout=9.0, pool=3),
        ca_file="/etc/imdoctor/a.pem",
    )
    assert shared == replace(alone, name="all", secret_key_env="K")
    assert own == Target(
        name="own",
        sdkappid=1,
        identifier="own",
        secret_key_env="K",
        client=Client(pool=1),
        endpoint=Endpoint("192.0.2.1"),
    )
    assert file == replace(alone, name="file", usersig_file="sig")
    assert nobody == replace(alone, name="nobody")


def test_defaults_alone_are_a_target() -> None:
    """A file without targets has one, of the defaults."""
    assert parsed("defaults: {sdkappid: 30000000}").targets == (Target(sdkappid=30000000),)


def test_all_errors_are_told_at_once() -> None:
    """No error hides another, within one target or beside it, and they come in the file's order."""
    text = """\
versoin: 1
targets:
  - name: a
    sdkapid: 1
    identifier: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    timeout: 1s
    proxy: https://p:1
  - name: a
    client: {pool: -1, timeout: x}
checks: {dns: {slow: 1}, nds: {}}
schedule: {every: x, checks: {clinet: 1}}
"""
    places = [problem.split(": ")[0] for problem in problems(text)]
    assert places == [
        f"c.yaml:{place}"
        for place in (
            "1:1",
            "4:5",
            "5:17",
            "6:14",
            "7:12",
            "8:11",
            "9:20",
            "9:33",
            "10:22",
            "10:26",
            "11:19",
            "11:31",
            "11:39",
        )
    ]


@pytest.mark.parametrize("name", BAD)
def test_no_error_repeats_a_secret(name: str) -> None:
    """Whatever is wrong, a text that looks like a secret is not repeated."""
    told = "\n".join(problems(BAD[name][0]))
    assert KEY not in told
    assert "eJwtz" not in told


def test_aliases_do_not_explode() -> None:
    """A few lines that stand for billions of nodes are refused."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert any("aliases make this too large" in problem for problem in problems("\n".join(lines)))


def test_depth_is_bounded() -> None:
    """A file nested a thousand levels deep is refused, and nothing overflows."""
    assert "nested too deeply" in problems("a: " + "[" * 5000)[0]


@given(st.text(alphabet=st.sampled_from("abctv: -[]{}&*!|>'\"#%@\n\t,?1.~<=eE_0x"), max_size=60))
def test_text_never_raises_anything_else(text: str) -> None:
    """Whatever a text holds, it is a configuration or a ConfigError with a place or a file."""
    came = attempted(text)
    assert isinstance(came, Config) or came.problems
    assert isinstance(came, Config) or all(str(problem).startswith("c.yaml:") for problem in came.problems)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
keys = [
    "version",
    "defaults",
    "targets",
    "checks",
    "schedule",
    "history",
    "events",
    "size",
    "on_change",
    "heartbeat",
    "otlp",
    "endpoint",
    "dns",
    "needy",
    "client",
    "every",
    "jitter",
    "mode",
    "geo",
    "pair",
]
fields = [*Target.__struct_fields__, *keys]


@given(
    st.dictionaries(st.sampled_from(fields), json_values | st.dictionaries(st.sampled_from(fields), json_values)),
    st.lists(st.dictionaries(st.sampled_from(fields), json_values), max_size=2),
)
def test_values_never_raise_anything_else(top: dict[str, object], targets: list[dict[str, object]]) -> None:
    """Whatever values stand under the known keys, it is a configuration or a ConfigError."""
    text = yaml.safe_dump({**top, "targets": targets}, allow_unicode=True)
    came = attempted(text)
    assert isinstance(came, Config) or came.problems


def test_a_file_is_read(tmp_path: Path) -> None:
    """A file is read, a byte order mark at its beginning forgiven."""
    path = tmp_path / "c.yaml"
    path.write_text("version: 1\ntargets: [{ca_file: ca.pem}]\n", "utf-8-sig")
    assert load(path, OPTIONS).targets[0].ca_file == str(tmp_path / "ca.pem")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Each file that can be no configuration is told in a sentence that begins with its name."""
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(10 * 1024**3)
    expected = {
        "missing": "the configuration does not exist: check the path",
        "directory": "the configuration is a directory: name the file in it",
        "pipe": "the configuration is a pipe, which is not read: write its content to a file",
        "binary": "this is no text in UTF-8: write the configuration as YAML",
        "huge": "the configuration is larger than 1024 KiB: it cannot be the right file",
        "binary/deeper": "the configuration goes through something that is no directory: check the path",
        "nul\0": "the configuration is no path: it holds a NUL character",
    }
    for name, sentence in expected.items():
        with pytest.raises(ConfigError) as caught:
            load(tmp_path / name, OPTIONS)
        assert [str(problem) for problem in caught.value.problems] == [f"{tmp_path / name}: {sentence}"]


def test_the_first_file_that_exists_is_found(tmp_path: Path) -> None:
    """The order is $IMDOCTOR_CONFIG, the working directory, $XDG_CONFIG_HOME, the system's."""
    here, xdg, home, system = (tmp_path / name for name in ("here", "xdg", "home", "etc"))
    places = [here, xdg / "imdoctor", home / ".config/imdoctor", system / "imdoctor"]
    for place in places:
        place.mkdir(parents=True)
    environ = {"HOME": str(home)}
    assert find(environ, here, system) is None
    for place in reversed(places):
        (place / "imdoctor.yaml").touch()
        told = {**environ, "XDG_CONFIG_HOME": str(xdg)} if place in places[:2] else environ
        assert find(told, here, system) == place / "imdoctor.yaml"
    assert find({**environ, "IMDOCTOR_CONFIG": "/nowhere.yaml"}, here, system) == Path("/nowhere.yaml")
    assert find({"XDG_CONFIG_HOME": str(xdg)}, None, system) == xdg / "imdoctor/imdoctor.yaml"


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    """A broken link is an error to be told, and not passed over for the next file."""
    (tmp_path / "imdoctor.yaml").symlink_to(tmp_path / "gone")
    assert find({}, tmp_path, tmp_path / "etc") == tmp_path / "imdoctor.yaml"
