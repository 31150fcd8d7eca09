from pathlib import Path

import pytest

from segue.settings import Settings, SettingsError, load, load_settings


def problems(environ: dict[str, str], **options: object) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        load_settings(environ, options)
    return refused.value.problems


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "segue.toml"


def environ(file: Path, **more: str) -> dict[str, str]:
    return {"SEGUE_CONFIG": str(file), **more}


def test_without_anything_the_defaults_suit_a_home_machine() -> None:
    settings = load_settings({})
    assert (settings.host, settings.port) == ("127.0.0.1", 4711)
    assert settings.data_dir == Path.cwd() / "segue-data"
    assert settings.analysis.slots >= 1
    assert settings.database_url is None


def test_made_directly_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("SEGUE_PORT", "1")
    assert Settings().port == 4711


def test_reads_the_environment_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGUE_PORT", "4712")
    assert load_settings().port == 4712


def test_later_places_are_stronger(file: Path, tmp_path: Path) -> None:
    file.write_text('port = 1\nhost = "a"\nlog_level = "debug"\n[analysis]\nnice = 1\nslots = 3\n')
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "segue_port").write_text("2\n")
    (secrets / "SEGUE_HOST").write_text("b")
    (secrets / "somebody_elses").write_text("c")
    loaded = load(
        environ(file, SEGUE_SECRETS_DIR=str(secrets), SEGUE_HOST="c", SEGUE_ANALYSIS__NICE="2"),
        {"host": "d", "port": None},
    )
    settings = loaded.settings
    assert (settings.port, settings.host, settings.log_level) == (2, "d", "debug")
    assert (settings.analysis.nice, settings.analysis.slots) == (2, 3)
    assert settings.config == file
    assert loaded.origins["port",] == str(secrets / "segue_port")
    assert loaded.origins["host",] == "--host on the command line"
    assert loaded.origins["analysis", "slots"] == f"`analysis.slots` in {file}"
    assert loaded.origins["analysis", "nice"] == "SEGUE_ANALYSIS__NICE in the environment"


def test_file_in_the_data_folder_is_found(file: Path, tmp_path: Path) -> None:
    file.write_text("port = 7\n")
    assert load_settings({"SEGUE_DATA_DIR": str(tmp_path)}).port == 7
    assert load_settings({}, {"data_dir": tmp_path}).port == 7


def test_named_file_must_exist(tmp_path: Path) -> None:
    (problem,) = problems(environ(tmp_path / "none.toml"))
    assert problem == f"The settings file {tmp_path}/none.toml cannot be read: No such file or directory."


def test_broken_file_is_named_with_its_line(file: Path) -> None:
    file.write_text("port = 1\nhost = \n")
    (problem,) = problems(environ(file))
    assert str(file) in problem and "line 2" in problem


def test_folder_of_secrets_must_exist(tmp_path: Path) -> None:
    (problem,) = problems({"SEGUE_SECRETS_DIR": str(tmp_path / "none")})
    assert "none cannot be read: No such file" in problem


def test_empty_variable_counts_as_not_set() -> None:
    assert load_settings({"SEGUE_PORT": "", "SEGUE_ADMIN_TOKEN": ""}) == Settings()


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("SEGUE_PROT", "SEGUE_PORT"),
        ("SEGUE_DATADIR", "SEGUE_DATA_DIR"),
        ("SEGUE_DATABASE", "SEGUE_DATABASE_URL"),
        ("SEGUE_ANALYSIS_SLOTS", "SEGUE_ANALYSIS__SLOTS"),
        ("SEGUE_ANALYSIS__SLOT", "SEGUE_ANALYSIS__SLOTS"),
        ("SEGUE_SLOTS", "SEGUE_ANALYSIS__SLOTS"),
    ],
)
def test_unknown_variable_is_refused_with_what_was_meant(variable: str, meant: str) -> None:
    assert problems({variable: "1"}) == (
        f"{variable} in the environment is not a setting; did you mean `{meant}`?",
    )


def test_unknown_variable_like_nothing_else_is_refused_too() -> None:
    (problem,) = problems({"SEGUE_XYZZY": "1"})
    assert problem == (
        "SEGUE_XYZZY in the environment is not a setting; `segue settings reference` lists them all."
    )


@pytest.mark.parametrize("name", ["SEGUE_", "SEGUE___", "SEGUE_ANALYSIS__", "SEGUE_SERVERS____PATH"])
def test_odd_names_of_variables_are_refused(name: str) -> None:
    (problem, *_) = problems({name: "1"})
    assert name in problem


def test_unknown_key_in_the_file_is_refused_with_what_was_meant(file: Path) -> None:
    file.write_text("prot = 1\n[analysis]\nslot = 2\n")
    assert set(problems(environ(file))) == {
        f"`prot` in {file} is not a setting; did you mean `port`?",
        f"`analysis.slot` in {file} is not a setting; did you mean `analysis.slots`?",
    }


def test_all_problems_are_told_at_once_each_with_its_origin(file: Path, tmp_path: Path) -> None:
    file.write_text('port = "x"\nprot = 1\n[analysis]\nquality = "ful"\n[servers.Attic]\nkind = "folder"\n')
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "segue_redis_url").write_text("hunter2")
    found = "\n".join(
        problems(environ(file, SEGUE_SECRETS_DIR=str(secrets), SEGUE_ANALYSIS__NICE="99", SEGUE_FOO="1"))
    )
    assert f"`port` in {file} must be a valid integer" in found
    assert f"`prot` in {file} is not a setting" in found
    assert f"`analysis.quality` in {file} must be 'fast', 'balanced' or 'full'." in found
    assert f"{secrets}/segue_redis_url must begin with redis://, rediss:// or unix://." in found
    assert "SEGUE_ANALYSIS__NICE in the environment must be less than or equal to 19." in found
    assert "SEGUE_FOO in the environment is not a setting" in found
    assert f"`Attic` cannot name a server (`servers.Attic.kind` in {file})" in found
    assert "hunter2" not in found


def test_single_value_cannot_hide_a_table(file: Path) -> None:
    file.write_text("[analysis]\nslot = 2\n")
    found = problems(environ(file, SEGUE_ANALYSIS="3"))
    assert "SEGUE_ANALYSIS in the environment must be a table, not a single value." in found
    assert any("analysis.slot" in problem for problem in found)


def test_where_settings_are_cannot_stand_in_the_file(file: Path) -> None:
    file.write_text('config = "x"\nsecrets_dir = "y"\n')
    assert len(problems(environ(file))) == 2


@pytest.mark.parametrize(
    "environ",
    [
        {"SEGUE_ADMIN_TOKEN": "x\n", "SEGUE_REDIS_URL": "http://topsecret"},
        {"SEGUE_PUBLIC_URL": "topsecret"},
        {"SEGUE_URL": "ftp://u:topsecret@h"},
        {"SEGUE_PORT": "topsecret"},
        {"SEGUE_LOG_LEVEL": "topsecret"},
        {"SEGUE_SERVERS__ATTIC": "topsecret"},
        {"SEGUE_SERVERS__ATTIC__TOKEN": "topsecret"},
        {"SEGUE_SERVERS__A.B__TOKEN": "topsecret"},
        {"SEGUE_ADMIN_TOKEN__X": "topsecret"},
        {"SEGUE_UNKNOWN": "topsecret"},
    ],
)
def test_no_problem_shows_a_value(environ: dict[str, str]) -> None:
    assert "topsecret" not in "\n".join(problems(environ))


class TestServers:
    def test_table_and_variable_meet(self, file: Path) -> None:
        file.write_text('[servers.attic]\nkind = "folder"\npath = "/srv"\n')
        settings = load_settings(environ(file, SEGUE_SERVERS__ATTIC__TOKEN="12345"))
        assert settings.servers["attic"].kind == "folder"
        assert settings.servers["attic"].options == {"path": "/srv", "token": "12345"}

    def test_hyphen_is_written_as_underscore_in_variables(self, file: Path) -> None:
        file.write_text('[servers.living-room]\nkind = "folder"\n')
        settings = load_settings(environ(file, SEGUE_SERVERS__LIVING_ROOM__PATH="/x"))
        assert settings.servers["living-room"].options == {"path": "/x"}

    def test_from_the_environment_alone(self) -> None:
        settings = load_settings(
            {"SEGUE_SERVERS__ATTIC__KIND": "folder", "SEGUE_SERVERS__ATTIC__EXCLUDE": '["*.tmp", "x"]'}
        )
        assert settings.servers["attic"].options == {"exclude": ["*.tmp", "x"]}

    def test_needs_a_kind(self) -> None:
        (problem,) = problems({"SEGUE_SERVERS__ATTIC__PATH": "/x"})
        assert problem == (
            "`servers.attic.kind` is missing (SEGUE_SERVERS__ATTIC__PATH in the environment needs it)."
        )

    def test_options_do_not_show(self) -> None:
        settings = load_settings(
            {"SEGUE_SERVERS__ATTIC__KIND": "folder", "SEGUE_SERVERS__ATTIC__TOKEN": "topsecret"}
        )
        assert "topsecret" not in repr(settings) + str(settings)


def test_secrets_do_not_show() -> None:
    settings = load_settings(
        {"SEGUE_ADMIN_TOKEN": "topsecret", "SEGUE_DATABASE_URL": "postgresql://topsecret"}
    )
    assert "topsecret" not in repr(settings) + str(settings)


def test_address_that_nobody_gave_is_asked_for() -> None:
    with pytest.raises(SettingsError, match="set SEGUE_DATABASE_URL, or run `segue up`"):
        Settings().database_dsn()
    settings = load_settings({"SEGUE_DATABASE_URL": "host=/x", "SEGUE_REDIS_URL": "unix:///x"})
    assert (settings.database_dsn(), settings.redis_address()) == ("host=/x", "unix:///x")
