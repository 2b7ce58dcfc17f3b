# SPDX-License-Identifier: Apache-2.0
"""Profiles are read strictly, and their templates are filled literally."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from popquiz import paths
from popquiz.errors import UsageError
from popquiz.servers import profile, template

GOOD = """\
title = "Toy"
requires = ["/bin/true"]
install = "ci/setup"
version = ["/bin/echo", "1.0"]
tls = ["none"]
patience_s = 1
settings = ["plain"]

[values]
depth = "1"

[[file]]
path = "conf"
text = "depth={depth}"

[[process]]
command = ["/bin/true", "{port}"]

[maildrop]
kind = "mbox"
path = "mail/{account}"

[variant.deep]
about = "deeper"
values = { depth = "9" }
settings = ["deep"]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "toy.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", profile.available(), ids=lambda path: path.stem)
def test_every_profile_can_be_read_in_every_variant(path: Path) -> None:
    found = profile.read(path)
    for name in (None, *found.variants):
        assert found.variant(name).values.keys() == found.values.keys()


def test_the_example_of_the_readme_is_a_profile_of_ten_lines(tmp_path: Path) -> None:
    readme = (paths.data("profiles") / "README.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    assert example.count("\n") == 10
    found = profile.read(write(tmp_path, example))
    assert found.inetd and found.inetd.environment["PROTO"] == "TCP"


def test_the_example_of_a_server_that_listens_is_a_profile_of_ten_lines(tmp_path: Path) -> None:
    readme = (paths.data("README.md")).read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    assert example.count("\n") == 10
    found = profile.read(write(tmp_path, example))
    assert found.names() >= {"port", "cert", "key", "dir", "account", "password"}


def test_the_readme_lists_every_key(tmp_path: Path) -> None:
    readme = (paths.data("profiles") / "README.md").read_text()
    source = Path(profile.__file__).read_text()
    keys = re.findall(r'\.(?:text|number|whole|flag|words|texts|tables?)\("(\w+)"', source)
    assert len(keys) > 30
    for key in set(keys) - {"variant"}:
        assert re.search(rf"`\[*{key}\b", readme), key


def test_a_variant_changes_values_and_adds_settings(tmp_path: Path) -> None:
    found = profile.read(write(tmp_path, GOOD))
    deep = found.variant("deep")
    assert (found.values["depth"], deep.values["depth"]) == ("1", "9")
    assert (found.settings, deep.settings) == ({"plain"}, {"plain", "deep"})
    with pytest.raises(UsageError, match="toy has no variant 'shallow'; it has: deep"):
        found.variant("shallow")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('title = "Toy"', 'titel = "Toy"', "title: is missing"),
        ("patience_s = 1", "patience_s = 1\ncolour = 3", ":7: colour: is unknown"),
        ("patience_s = 1", "patience_s = 0", ":6: patience_s: must be above 0"),
        ("patience_s = 1", "patience_s = true", ":6: patience_s: must be a number"),
        ("patience_s = 1", "patience_s = ", "Invalid value"),
        ('tls = ["none"]', 'tls = ["starttls"]', ":5: tls: must name some of: none stls implicit"),
        ('tls = ["none"]', "tls = []", ":5: tls: must name some of"),
        ('requires = ["/bin/true"]', "requires = [1]", ":2: requires: must be text"),
        ('requires = ["/bin/true"]', 'requires = "x"', ":2: requires: must be a list"),
        ('text = "depth', 'txt = "depth', ":14: txt in [file]: is unknown"),
        ("{depth}", "{dept}", "{dept}: is unknown in [[file]] conf"),
        ('path = "conf"', 'path = "/etc/conf"', "'/etc/conf' must lie in the server's own folder"),
        ('path = "conf"', 'path = "a/../../b"', "must lie in the server's own folder"),
        ('path = "conf"', 'path = "conf"\nmode = "600"', ":14: mode in [file]: '600' is no mode"),
        ('"{port}"', '"{account}"', "{account}: is unknown in [[process]]"),
        (
            'command = ["/bin/true", "{port}"]',
            "command = []",
            ":17: command in [process]: is empty",
        ),
        ('[[process]]\ncommand = ["/bin/true", "{port}"]', "", "[[process]] or [inetd]"),
        ("[[process]]", '[inetd]\ncommand = ["x"]\n[[process]]', "[[process]] or [inetd]"),
        ('kind = "mbox"', 'kind = "mh"', ":20: kind in [maildrop]: 'mh' is none of: maildir mbox"),
        ("mail/{account}", "mail/all", "all accounts share one maildrop"),
        ('kind = "mbox"', 'kind = "mbox"\nfiles = { x = "" }', "only a Maildir has files"),
        ('kind = "mbox"', 'kind = "spool"', ":18: index in [maildrop]: a spool needs it"),
        ('kind = "mbox"', 'kind = "mbox"\nindex = ["x"]', "and nothing else has it"),
        ("[maildrop]", "x = 1\n[maildrop]", ":19: x in [process]: is unknown"),
        ('settings = ["plain"]', 'backend = "dovecot"', "[maildrop] or `backend`, and not both"),
        ('depth = "9"', 'dpeth = "9"', "changes a value that [values] does not have"),
        ('about = "deeper"\n', "", "about in [variant.deep]: is missing"),
        (
            "[maildrop]",
            '[namespace]\nempty = ["var"]\n[maildrop]',
            "'var' must be an absolute path",
        ),
        ('"{port}"', '"x"', ":5: tls: needs {port} in a file or a command"),
        ("[maildrop]", '[session]\ntitle = "("\n[maildrop]', "no regular expression"),
        ("[maildrop]", '[session]\nsays = "("\n[maildrop]', "no regular expression"),
        ("[maildrop]", '[session]\nfiles = "/run"\n[maildrop]', "in the server's own folder"),
        ('"{port}"]', '"{port}"]\nready = "../x"', "must lie in the server's own folder"),
        ("[maildrop]", '[log]\npath = "l"\nalarm = ["("]\n[maildrop]', "no regular expression"),
    ],
)
def test_what_is_wrong_with_a_profile_is_said(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    path = write(tmp_path, GOOD)
    profile.read(path)
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(UsageError) as error:
        profile.read(path)
    assert str(error.value).startswith(f"{path}:")
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("octets", [b"title = \xff", b"#" * ((1 << 20) + 1)])
def test_what_is_no_text_is_no_profile(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(octets)
    with pytest.raises(UsageError, match=r"a\.toml: "):
        profile.read(path)


def test_a_profile_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"/nowhere\.toml: No such file"):
        profile.find("/nowhere.toml")
    with pytest.raises(UsageError, match="no profile 'qpopper'; there are: courier cyrus"):
        profile.find("qpopper")


def test_what_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = profile.read(write(tmp_path, GOOD.replace('"/bin/true"]', '"/bin/true", "/no/x"]')))
    assert found.missing() == ["/no/x"]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert profile.find("popa3d").missing() == ["the unpacked package popa3d"]


def test_a_server_may_be_in_several_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = GOOD.replace('["/bin/true"]', '["{unpacked}/x", "{unpacked}/y"]\nunpacked = "one two"')
    found = profile.read(write(tmp_path, text))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lab = tmp_path / "popquiz/lab"
    (lab / "one").mkdir(parents=True)
    (lab / "one/x").touch()
    assert found.missing() == ["the unpacked package two"]
    (lab / "two").mkdir()
    assert found.missing() == [f"{lab}/one/y"]
    (lab / "two/y").touch()
    assert found.missing() == []
    assert found.outside("{unpacked}/y") == f"{lab}/two/y"


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("a {name} b", "a x{name}y b"),  # what is put in is not looked at again
        ("{{name}}", "{name}"),
        ("${{name}} {name}", "${name} x{name}y"),
        ("{NAME} { name } {} {a-b} {1} service {\n}", "{NAME} { name } {} {a-b} {1} service {\n}"),
        ("", ""),
    ],
)
def test_templates_are_filled_literally(text: str, filled: str) -> None:
    assert template.fill(text, {"name": "x{name}y"}) == filled


def test_names_of_a_template() -> None:
    assert template.names("{a} {{b}} {c}{a} {D}") == {"a", "c"}


@pytest.mark.parametrize(
    "fill",
    [
        lambda: template.fill("{other}", {"name": ""}),
        lambda: template.fill("{name}", {"name": "a\nroot:x:0"}),
        lambda: template.fill("{name}", {"name": "a\0"}),
        lambda: template.fill("{name}", {"name": "a\x7f"}),
    ],
)
def test_a_template_takes_no_unknown_name_and_no_control_character(
    fill: Callable[[], str],
) -> None:
    with pytest.raises(template.TemplateError):
        fill()
