"""The language of the command line: by option, by the locale, and never in what programs read."""

import json
import re
from pathlib import Path

import pytest

from imdoctor import registry, speech
from imdoctor.cli import COMMANDS, cli
from imdoctor.cli.lazy import LazyGroup
from imdoctor.render.wrap import columns
from tests.cli.process import CHINA, here, imdoctor, leaves

HAN = re.compile("[\u4e00-\u9fff]")
URL = "http://console.tim.qq.com/v4/a/b?sdkappid=1&identifier=administrator&usersig=x&random=1"


def test_a_drill_in_chinese(tmp_path: Path) -> None:
    """A whole process speaks Chinese where it is asked to, and exits as in English."""
    done = imdoctor(tmp_path, "drill", "tls.cert-expired", "--lang", "zh")
    assert (done.code, done.err) == (2, "")
    assert done.out.startswith("异常：console.tim.qq.com:443（tls.cert-expired）：证书已过期\n")
    for said in ("处理办法：", "依据：", "由此引起：probe.blocked", "确定：由实验或对方自己的应答证实。"):
        assert said in done.out


LANGUAGES = {
    "the locale": ((), CHINA, "zh"),
    "the option before it": (("--lang", "en"), CHINA, "en"),
    "a variable": ((), {"IMDOCTOR_LANG": "zh"}, "zh"),
    "the variable, as a locale is written": ((), {"IMDOCTOR_LANG": "zh_CN"}, "zh"),
    "the option before the variable": (("--lang", "en"), {"IMDOCTOR_LANG": "zh"}, "en"),
    "none": ((), {}, "en"),
}


@pytest.mark.parametrize("name", LANGUAGES)
def test_what_decides(tmp_path: Path, name: str) -> None:
    """The option counts, else imdoctor's own variable, else the locale."""
    options, environ, language = LANGUAGES[name]
    done = here(tmp_path, "explain", "60026", *options, environ=environ)
    meaning = {
        "zh": "域名与 SDKAppID 不属于同一个站点。",
        "en": "The domain and the SDKAppID belong to different sites.",
    }
    assert meaning[language] in done.out


def test_what_another_programs_arguments_ask_for_is_theirs(tmp_path: Path) -> None:
    """Behind -- stands another program's command line."""
    done = here(tmp_path, "explain", "60026", "--", "--lang", "zh")
    assert (done.code, HAN.search(done.err)) == (64, None)


def test_a_number_that_is_no_code_is_suggested_another_in_each_language(tmp_path: Path) -> None:
    """The nearest codes are named whatever is spoken."""
    for language in ("en", "zh"):
        assert "60020" in here(tmp_path, "explain", "6002", "--lang", language).err


def test_afterwards_english_is_spoken(tmp_path: Path) -> None:
    """A command leaves no language behind in its process."""
    here(tmp_path, "explain", "60026", "--lang", "zh")
    assert speech.spoken() == "en"


FORMATS = ("markdown", "html", "junit", "github", "nagios")


@pytest.mark.parametrize("form", FORMATS)
def test_formats_for_people(tmp_path: Path, form: str) -> None:
    """What people read besides the text is Chinese as well."""
    done = here(tmp_path, "drill", "tls.cert-expired", "--lang", "zh", "--format", form)
    assert "证书已过期" in done.out


def test_programs_read_english(tmp_path: Path) -> None:
    """JSON and metrics hold no word of Chinese, whatever the language is; a report beside them does."""
    outputs = [f"{form}={tmp_path / form}" for form in ("json", "prometheus", "markdown")]
    arguments = [word for output in outputs for word in ("--output", output)]
    here(tmp_path, "drill", "tls.cert-expired", "--lang", "zh", *arguments)
    assert (
        json.loads((tmp_path / "json").read_text())["targets"][0]["diagnosis"][0]["title"]
        == "The certificate has expired"
    )
    assert HAN.search((tmp_path / "json").read_text()) is None
    assert HAN.search((tmp_path / "prometheus").read_text()) is None
    assert HAN.search((tmp_path / "markdown").read_text())


JSON = {
    "lint": ("lint", URL, "--format", "json"),
    "usersig show": ("usersig", "show", URL, "--format", "json"),
    "usersig verify": ("usersig", "verify", URL, "--format", "json"),
    "plan": ("plan", "--sandbox", "--format", "json"),
    "history": ("history", "--format", "json"),
    "a schema": ("config", "schema"),
}


@pytest.mark.parametrize("name", JSON)
def test_every_commands_json_is_english(tmp_path: Path, name: str) -> None:
    """The commands that give JSON give the same one in every language."""
    english, chinese = here(tmp_path, *JSON[name]), here(tmp_path, *JSON[name], environ=CHINA)
    json.loads(chinese.out)
    without = re.compile(r'"(random|at|since|corrected)": .*')
    assert without.sub("", chinese.out) == without.sub("", english.out)


TEXTS = {
    "lint": (("lint", URL), "正确的 URL："),
    "usersig show": (("usersig", "show", URL), "无法解码（usersig.truncated）：UserSig 有 1 个字符"),
    "usersig verify": (("usersig", "verify", URL), "无效"),
    "plan": (("plan", "--sandbox"), "对照：究竟有没有网络？"),
    "checks": (("checks",), "本机时钟与服务器相差多少？"),
    "explain --list": (("explain", "--list"), "证书已过期"),
    "drill --list": (("drill", "--list"), "所有 DNS 服务器都没有响应"),
    "history": (("history",), "没有运行记录"),
    "a usage error": (("explain", "nonsense"), "没有代码 'nonsense'"),
    "a configuration error": (("config", "check", "nowhere.yaml"), "不存在：请检查路径"),
    "the help": (("--help",), "对每个目标运行一遍所有检查，并输出报告。"),
    "what is required": (("usersig", "new", "--help"), "必需"),
    "a command's help": (("usersig", "new", "--help"), "用密钥生成版本 2 的 UserSig"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_commands_speak_chinese(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each says what it has to say in the locale's language; help goes to the process's own output."""
    arguments, said = TEXTS[name]
    done = here(tmp_path, *arguments, environ=CHINA)
    assert said in done.out + done.err + capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_commands_help_is_chinese(tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No line of a command's help is English but what is typed; and none is wider than 80 columns."""
    assert here(tmp_path, command, "--help", environ=CHINA).code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"用法：imdoctor {command} ")
    assert HAN.search(text.split("\n\n")[1])
    for line in text.splitlines():
        assert not re.search(r"\b(the|and|of|is|which|default|required)\b", line)
        assert columns(line) <= 80


@pytest.mark.parametrize("arguments", [("run", "--lang", "zh"), ("run", "--lang=zh"), ("explain", "--lang", "zh")])
def test_help_in_the_language_that_is_asked_for(
    tmp_path: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """The option holds for the help beside it, and for what is wrong with the other options."""
    here(tmp_path, *arguments, "--help")
    assert capsys.readouterr().out.startswith("用法：imdoctor ")
    done = here(tmp_path, *arguments, "--nothing")
    assert done.err.startswith("用法：imdoctor ")
    assert "错误：" in done.err


assert isinstance(cli, LazyGroup)


@pytest.mark.parametrize("words", list(leaves(cli)), ids=" ".join)
def test_every_command_takes_a_language(
    tmp_path: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """The option stands where people put it: before a command, between a group and its command, after both."""
    for place in range(len(words) + 1):
        told = here(tmp_path, *words[:place], "--lang", "zh", *words[place:], "--help")
        assert (told.code, told.err) == (0, "")
        assert capsys.readouterr().out.startswith(f"用法：imdoctor {' '.join(words)} ")


def test_the_language_before_the_command(tmp_path: Path) -> None:
    """What is said is in the language that stands before the command; one after it counts more."""
    assert "域名与" in here(tmp_path, "--lang", "zh", "explain", "60026").out
    assert "The domain" in here(tmp_path, "--lang", "zh", "explain", "60026", "--lang", "en").out
    assert here(tmp_path, "--lang", "zh", "explain", "--lang", "en", "--nothing").err.startswith("Usage: ")


USAGE = {
    "no such option": (("run", "--nothing"), "没有选项 '--nothing'。"),
    "an option much like it": (("run", "--verbos"), "没有选项 '--verbos'。是不是想写 '--verbose'？"),
    "several like it": (("run", "--sdk"), "没有选项 '--sdk'。（是不是想写其中之一："),
    "an option without its value": (("run", "--target"), "选项 '--target' 需要一个值。"),
    "a value too many": (("run", "--quiet=1"), "选项 '--quiet' 不带值。"),
    "none of the choices": (("run", "--format", "x"), "'--format' 的取值无效：'x' 不是 'text', 'json', "),
    "no number": (("run", "--sdkappid", "x"), "'--sdkappid' 的取值无效：'x' 不是整数。"),
    "out of range": (("run", "--retries", "11"), "'--retries' 的取值无效：11 不在范围 0<=x<=10 内。"),
    "no duration": (("run", "--timeout", "x"), "'--timeout' 的取值无效：'x' 不是时长："),
    "a word too many": (("run", "a", "b"), "多余的参数（b）"),
    "several": (("run", "a", "b", "c"), "多余的参数（b c）"),
    "an argument that is missing": (("diff", "a"), "缺少参数 'AFTER'。"),
    "an option that is missing": (("usersig", "new"), "缺少选项 '--identifier'。"),
    "a choice that is missing": (("completion",), "缺少参数 '{bash|zsh|fish}'。可选："),
}


@pytest.mark.parametrize("name", USAGE)
def test_usage_errors_are_chinese(tmp_path: Path, name: str) -> None:
    """What is typed amiss is told in Chinese to the end, whoever found it."""
    arguments, said = USAGE[name]
    done = here(tmp_path, *arguments, environ=CHINA)
    assert (done.code, done.out) == (64, "")
    assert f"错误：{said}" in done.err


LISTS = (("drill", "--list"), ("checks",), ("explain", "--list"), ("plan", "--sandbox"))


@pytest.mark.parametrize("width", ["58", "80"])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("arguments", LISTS, ids=" ".join)
def test_lists_keep_to_the_terminal(tmp_path: Path, arguments: tuple[str, ...], language: str, width: str) -> None:
    """No list is wider than the terminal, in either language."""
    done = imdoctor(tmp_path, *arguments, "--lang", language, environ={"COLUMNS": width})
    assert done.code == 0
    assert max(map(columns, done.out.splitlines())) <= int(width)


def test_a_plan_in_chinese_names_the_credential(tmp_path: Path) -> None:
    """With and without one, the plan's first line reads as a sentence."""
    assert here(tmp_path, "plan", "127.0.0.1:1", "--lang=zh").out.startswith(
        "default：127.0.0.1:1，凭据：无，匿名询问 REST API\n"
    )
    told = here(tmp_path, "plan", "--sandbox", "--lang=zh").out
    assert "凭据：为本次运行用密钥生成的 UserSig" in "".join(told.split("\n")[:3]).replace("  ", "")


def test_names_are_never_translated() -> None:
    """No check's name and no code stands in the catalogue: it would be translated where it fills a field."""
    known = speech.catalogue("zh")
    names = {name for check in registry.load().checks for name in (check.name, *check.findings)}
    assert names & set(known) == set()
