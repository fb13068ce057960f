"""Speaking a language: by templates, by what was kept, in a context."""

import asyncio
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdoctor import speech
from imdoctor.speech import Words, count, joined, language_of, mark, retold, say, speaking, spoken, translated

REFUSED = "{address} refuses port {port}"


def test_english_is_spoken_unless_somebody_says_otherwise() -> None:
    """A template is filled in as it stands."""
    assert spoken() == "en"
    assert say(REFUSED, address="1.2.3.4", port=443) == "1.2.3.4 refuses port 443"


def test_chinese() -> None:
    """In Chinese it is looked up, then filled in; and afterwards English is spoken again."""
    with speaking("zh"):
        assert say(REFUSED, address="1.2.3.4", port=443) == "1.2.3.4 拒绝了 443 端口的连接"
        with speaking("en"):
            assert say(REFUSED, address="1.2.3.4", port=443) == "1.2.3.4 refuses port 443"
    assert translated(REFUSED) == REFUSED


def test_a_strangers_words_stay_english() -> None:
    """What no catalogue has, a plugin's words, is said as it is."""
    with speaking("zh"):
        assert say("the plugin's {what} of its own", what="word") == "the plugin's word of its own"


def test_each_task_speaks_for_itself() -> None:
    """A task that speaks Chinese changes nothing for the others."""

    async def told(language: speech.Language) -> str:
        with speaking(language):
            await asyncio.sleep(0)
            return say("no route out")

    async def both() -> tuple[str, ...]:
        return tuple(await asyncio.gather(told("zh"), told("en"), told("zh")))

    assert asyncio.run(both()) == ("没有出口路由", "no route out", "没有出口路由")


ENVIRONS = {
    "nothing": ({}, "en"),
    "C": ({"LANG": "C.UTF-8"}, "en"),
    "English": ({"LANG": "en_US.UTF-8"}, "en"),
    "Chinese": ({"LANG": "zh_CN.UTF-8"}, "zh"),
    "Chinese without more": ({"LANG": "zh"}, "zh"),
    "of Singapore": ({"LANG": "zh_SG"}, "zh"),
    "by script": ({"LANG": "zh-Hans-CN"}, "zh"),
    "another that begins so": ({"LANG": "zhx_CN"}, "en"),
    "LC_ALL before LANG": ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
    "LC_MESSAGES before LANG": ({"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
    "LC_ALL before LC_MESSAGES": ({"LC_ALL": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "zh"),
    "an empty one counts as none": ({"LC_ALL": "", "LANG": "zh_CN.UTF-8"}, "zh"),
    "imdoctor's own before all": ({"IMDOCTOR_LANG": "en", "LC_ALL": "zh_CN.UTF-8"}, "en"),
}


@pytest.mark.parametrize("name", ENVIRONS)
def test_the_locale(name: str) -> None:
    """The first variable that is set names the language."""
    environ, language = ENVIRONS[name]
    assert language_of(environ) == language


def test_numbers_have_their_noun() -> None:
    """One is told from several."""
    assert [count(number, "1 address", "{number} addresses") for number in (1, 2, 0)] == [
        "1 address",
        "2 addresses",
        "0 addresses",
    ]
    with speaking("zh"):
        assert count(2, "1 address", "{number} addresses") == "2 个地址"


KEPT = {
    "as it stands": ("no proxy is configured for this target", "该目标没有配置代理"),
    "by its template": ("1.2.3.4 refuses port 443", "1.2.3.4 拒绝了 443 端口的连接"),
    "what fills it, too": (
        "not sent in this run: the usersig check did not run",
        "本次运行没有发送：usersig 检查项没有运行",
    ),
    "a command with its fields": ("Ask the kernel: `ip route get 1.2.3.4`.", "询问内核：`ip route get 1.2.3.4`。"),
    "the template with the most words": (
        "1.2.3.4: the handshake ended in timeout",
        "1.2.3.4：握手结果为超时",
    ),
    "what nobody said": ("a server's own words, by chance", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_was_kept_is_retold(name: str) -> None:
    """A sentence of an observation or a history is found by its words."""
    english, chinese = KEPT[name]
    assert retold(english) == english
    with speaking("zh"):
        assert retold(english) == (english if chinese is None else chinese)


@given(address=st.from_regex(r"\A[0-9a-f.:]{3,20}\Z"), port=st.integers(1, 65535))
def test_what_is_retold_is_what_would_have_been_said(address: str, port: int) -> None:
    """Telling it anew and saying it in the first place come to the same."""
    english = say(REFUSED, address=address, port=port)
    with speaking("zh"):
        assert retold(english) == say(REFUSED, address=address, port=port)


@given(st.text(max_size=300))
def test_retelling_takes_any_text(text: str) -> None:
    """Whatever was kept, nothing is raised, and Chinese is not told again."""
    with speaking("zh"):
        told = retold(text)
        assert retold(told) == told or told == text


SETTINGS = {
    "Chinese after a space": (("{name} is missing.", {"name": "证书"}), "缺少证书。"),
    "Latin after a space": (("{name} is missing.", {"name": "random"}), "缺少 random。"),
    "Latin without a space": (("within {what} it fits", {"what": "x"}), "within x it fits"),
    "a word that is translated": (
        ("{where}: the handshake ended in {error}", {"where": "a", "error": "reset"}),
        "a：握手结果为被重置",
    ),
    "a word that stays": (
        ("{where}: the handshake ended in {error}", {"where": "a", "error": "verify"}),
        "a：握手结果为 verify",
    ),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_chinese_characters_stand_without_spaces(name: str) -> None:
    """What fills a field joins Chinese without a space, Latin with one."""
    (template, values), expected = SETTINGS[name]
    with speaking("zh"):
        assert say(template, **values) == expected


def test_words_are_said_when_they_are_looked_up() -> None:
    """A table of words speaks the language of the moment, not that of its making."""
    words = Words(fail=mark("FAIL"), other=mark("a plugin's own"))
    assert dict(words) == {"fail": "FAIL", "other": "a plugin's own"}
    with speaking("zh"):
        assert (words["fail"], words["other"], len(words)) == ("失败", "a plugin's own", 2)


def test_sentences_follow_each_other() -> None:
    """English has a space between two sentences, Chinese has none."""
    two = ("Check the credential.", "The usersig is empty.")
    assert joined(two) == "Check the credential. The usersig is empty."
    with speaking("zh"):
        assert joined(two) == "检查凭据。UserSig 为空。"


def test_english_reads_no_catalogue() -> None:
    """Who speaks English pays nothing: the catalogue is read when something is first said in its language."""
    script = "from imdoctor import speech; speech.say('a'); print(speech.catalogue.cache_info().misses)"
    english = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert english.stdout == "0\n"


def test_a_strangers_words_are_looked_through_once() -> None:
    """Sentences of which the last is unknown are left as they are: to try every way of joining them would never end."""
    theirs = "A b. " * 60 + "End"
    with speaking("zh"):
        assert say("{who}: {told}", who="an error", told=theirs).endswith(theirs)
        assert retold(f"the endpoint is an address: there is no name to resolve. {theirs}").endswith(theirs)
