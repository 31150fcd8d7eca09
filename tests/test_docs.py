"""What documents say is so: commands parse, settings exist, links lead somewhere, pages are up to date."""

import re
import shlex
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from segue.cli.main import application
from segue.cli.reference import reference
from segue.settings import load_settings
from segue.settings.fields import Settings
from segue.settings.layers import variable
from segue.settings.problems import known_locations

ROOT = Path(__file__).parents[1]
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("adapters/*/*.md"),
    *ROOT.glob("benchmarks/*.md"),
]
DEPLOY = [path for path in ROOT.glob("deploy/*") if path.is_file()]
SOURCES = [*ROOT.glob("daemon/segue/**/*.py"), *ROOT.glob("adapters/*/segue_*/*.py")]

Block = tuple[str, str]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(page: Path) -> Iterator[Block]:
    """Fenced blocks with their language; indented ones are taken for shell."""
    text = page.read_text()
    yield from re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    without = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from (("sh", line) for line in re.findall(r"^ {4}(\S.*)$", without, re.MULTILINE))


def shell_commands(text: str) -> Iterator[list[str]]:
    """The words of each call of `segue`, also behind sudo, variables and container tools."""
    for line in text.replace("\\\n", " ").splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        while words and (words[0] == "sudo" or re.fullmatch(r"[A-Z_]+=.*", words[0])):
            words = words[3:] if words[:2] == ["sudo", "-u"] else words[1:]
        if words[:2] == ["docker", "compose"] and "exec" in words:
            words = words[words.index("exec") + 2 :]
        if words and Path(words[0]).name == "segue":
            yield words[1:]


@lru_cache(maxsize=1)
def commands() -> Any:
    return get_command(application())


def check_command(words: list[str], *, whole: bool) -> None:
    """A whole command parses with all its words; a mention names a command and options that exist."""
    command = commands()
    rest = list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        assert name in command.commands, f"there is no command {name!r}"
        command = command.commands[name]
    if whole and "--help" not in rest:
        assert not hasattr(command, "commands"), "a command is missing"
        command.make_context("segue", rest)
    else:
        known = {name for parameter in command.params for name in parameter.opts} | {"--help", "-h"}
        assert {word for word in rest if word.startswith("--")} <= known


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_in_blocks_can_be_run(page: Path) -> None:
    if page.name == "cli.md":
        return  # made from the commands themselves
    for language, text in blocks(page):
        if language in ("sh", "bash", "console"):
            for words in shell_commands(text):
                check_command(words, whole=True)


def test_commands_that_are_mentioned_exist() -> None:
    found = [
        (named(page), mention)
        for page in [*PAGES, *SOURCES]
        for mention in re.findall(r"`segue ([a-z][^`…]*)`", page.read_text())
    ]
    assert len(found) > 50
    for place, mention in found:
        try:
            check_command(shlex.split(re.sub(r"{[^}]*}", "1", mention)), whole=False)
        except AssertionError as error:
            raise AssertionError(f"{place} mentions `segue {mention}`: {error}") from error


@pytest.mark.parametrize("page", [*PAGES, *DEPLOY, ROOT / "Makefile"], ids=named)
def test_variables_that_are_named_exist(page: Path) -> None:
    known = {variable(location) for location in known_locations(Settings)}
    for name in re.findall(r"\bSEGUE_[A-Z0-9_]*[A-Z0-9]\b", page.read_text()):
        assert name in known or name.startswith("SEGUE_SERVERS"), name


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_settings_files_in_documents_are_valid(page: Path, tmp_path: Path) -> None:
    for language, text in blocks(page):
        if language == "toml":
            file = tmp_path / "segue.toml"
            file.write_text(text)
            load_settings({"SEGUE_CONFIG": str(file)})


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_yaml_in_documents_can_be_read(page: Path) -> None:
    for language, text in blocks(page):
        if language == "yaml":
            assert yaml.safe_load(text)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_page_of_commands_is_what_the_command_prints() -> None:
    page = (ROOT / "docs/reference/cli.md").read_text()
    assert page == reference(), "run `python -m segue.cli.reference > docs/reference/cli.md`"


def test_compose_file_fits_the_settings() -> None:
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
    service = compose["services"]["segue"]
    settings = load_settings(service["environment"])
    mounts = [volume.rsplit(":", 2 if volume.endswith(":ro") else 1) for volume in service["volumes"]]
    assert str(settings.music) in [mount[1] for mount in mounts]
    assert {mount[0] for mount in mounts} >= set(compose["volumes"])
    build = service["build"]
    assert (ROOT / "deploy" / build["context"] / build["dockerfile"]).is_file()


def test_container_file_copies_what_exists_and_runs_as_nobody_special() -> None:
    text = (ROOT / "deploy/Containerfile").read_text().replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    copied = [word for line in lines if line[0] == "COPY" and "--from" not in line[1] for word in line[1:-1]]
    assert copied and all((ROOT / name).exists() for name in copied)
    users = [line[1] for line in lines if line[0] == "USER"]
    assert users == ["segue"]
    command = next(re.findall(r'"([^"]+)"', line) for line in text.splitlines() if line.startswith("CMD"))
    assert command[0] == "segue"
    check_command(command[1:], whole=True)


def test_systemd_unit_starts_a_command_that_exists() -> None:
    lines = (ROOT / "deploy/segue.service").read_text().splitlines()
    unit = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    (words,) = shell_commands(unit["ExecStart"])
    check_command(words, whole=True)
    name, _, value = unit["Environment"].partition("=")
    assert load_settings({name: value}).data_dir == Path("/var/lib") / unit["StateDirectory"]
