import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from segue.cli.main import application
from tests.daemon.cli import replies
from tests.daemon.cli.conftest import Run
from tests.daemon.cli.stand_in import Problem, StandIn

TOKEN = {
    "id": 3,
    "name": "kitchen",
    "scopes": ["play"],
    "created_at": replies.MOMENT,
    "last_used_at": None,
}
SCHEDULE = {
    "name": "nightly", "kind": "analyse", "server": None, "cron": "30 4 * * *", "timezone": "UTC",
    "enabled": True, "next_due_at": replies.MOMENT, "last_due_at": None, "created_at": replies.MOMENT,
}  # fmt: skip


def last_body(daemon: StandIn) -> Any:
    return daemon.requests[-1].body


class TestRuns:
    def test_list(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["GET /runs"] = replies.page(replies.run(12, server="attic", message="going on"))
        outcome = segue("runs", "list", "--unfinished", "--kind", "walk")
        head, row = outcome.out.splitlines()
        assert head.split() == ["run", "kind", "server", "state", "done", "failed", "of", "began", "message"]
        assert row.split()[:8] == ["12", "analyse", "attic", "PROGRESS", "1", "0", "4", "2026-03-01"]
        assert daemon.requests[0].query == {"unfinished": ["true"], "kind": ["walk"], "limit": ["20"]}

    def test_show(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["GET /runs/7"] = replies.run()
        line = {"id": 1, "at": replies.MOMENT, "level": "warning", "line": "A sentence."}
        daemon.replies["GET /runs/7/log"] = replies.page(line)
        outcome = segue("runs", "show", "7")
        assert "1 of 4 done (25 %)" in outcome.out
        assert outcome.out.splitlines()[-1] == "2026-03-01 04:05:06 warning: A sentence."
        assert json.loads(segue("runs", "show", "7", "--json").out)["log"][0]["line"] == "A sentence."

    def test_cancel(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["POST /runs/7/cancel"] = {"revoked": 3}
        assert segue("runs", "cancel", "7").out == "Run 7 is cancelled, with 2 below it.\n"


class TestServers:
    def test_list(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["GET /servers"] = {
            "items": [replies.server(last_error="It is gone.", state="lost"), replies.server(withdrawn=True)]
        }
        _, lost, withdrawn = segue("servers", "list").out.splitlines()
        assert lost.split()[:6] == ["attic", "folder", "lost", "12", "10", "1"]
        assert lost.endswith("It is gone.")
        assert withdrawn.split()[2] == "withdrawn"

    def test_empty_list_says_what_to_do(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["GET /servers"] = {"items": []}
        assert "segue servers add" in segue("servers", "list").out
        assert segue("servers", "list", "--json").out == "[]\n"

    def test_show(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["GET /servers/attic"] = replies.server(options={"path": "/srv", "exclude": ["x"]})
        outcome = segue("servers", "show", "attic").out
        assert "option path" in outcome and '["x"]' in outcome

    def test_add(self, daemon: StandIn, segue: Run, tmp_path: Path) -> None:
        (tmp_path / "token").write_text("topsecret\n")
        daemon.replies["POST /servers"] = {
            **replies.server(),
            "hook_secret": "hush",
            "run": replies.run(),
            "warnings": ["It holds no music yet."],
        }
        outcome = segue(
            "servers", "add", "attic", "folder", "path=/a=b", 'exclude=["x"]', f"token=@{tmp_path}/token"
        )
        assert outcome.status == 0
        assert "segue runs follow 7" in outcome.out
        assert "But: It holds no music yet." in outcome.out
        assert "X-Segue-Secret: hush" in outcome.out
        assert last_body(daemon) == {
            "name": "attic",
            "kind": "folder",
            "options": {"path": "/a=b", "exclude": ["x"], "token": "topsecret"},
            "probe": True,
        }

    @pytest.mark.parametrize("option", ["path", "=x", "exclude=[x", "token=@/nowhere"])
    def test_add_refuses_odd_options(self, segue: Run, option: str) -> None:
        assert segue("servers", "add", "attic", "folder", option).status == 2

    def test_kinds(self, daemon: StandIn, segue: Run) -> None:
        folder = {"required": ["path"], "properties": {"path": {"description": "The folder."}, "exclude": {}}}
        daemon.replies["GET /adapters"] = {
            "items": [
                {"kind": "folder", "title": "Folder", "options": folder, "broken": None},
                {"kind": "odd", "title": "Odd", "options": {}, "broken": "It cannot be loaded."},
            ]
        }
        _, path, exclude, odd = segue("servers", "kinds").out.splitlines()
        assert path.split() == ["folder", "path", "yes", "The", "folder."]
        assert exclude.split() == ["exclude", "no"]
        assert "cannot be used: It cannot be loaded." in odd

    def test_test(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["POST /servers/attic/test"] = {
            "product": "Folder",
            "version": "1",
            "tracks": 3,
            "warnings": ["Two files cannot be read."],
        }
        outcome = segue("servers", "test", "attic")
        assert outcome.out == "attic answers: Folder 1, 3 tracks.\nwarning: Two files cannot be read.\n"

    def test_walk(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["POST /servers/attic/walk"] = replies.run(kind="walk")
        assert segue("servers", "walk", "attic").out.startswith("Run 7 walks attic.")

    def test_hook_secret(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["POST /servers/attic/hook-secret"] = {"hook_secret": "hush"}
        assert segue("servers", "hook-secret", "attic").status == 2
        assert segue("servers", "hook-secret", "attic", "--yes").out == "hush\n"

    def test_set_up_webhook(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["POST /servers/attic/webhook"] = {"message": "Restart Jellyfin."}
        assert segue("servers", "set-up-webhook", "attic", "http://us:4711").out == "Restart Jellyfin.\n"
        assert last_body(daemon) == {"address": "http://us:4711"}

    def test_remove_asks_first(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["DELETE /servers/attic"] = None
        assert segue("servers", "remove", "attic").status == 2
        assert daemon.asked == []
        assert segue("servers", "remove", "attic", "--yes").out == "attic is forgotten.\n"
        assert daemon.asked == ["DELETE /servers/attic"]


class TestMusic:
    def test_similar(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["GET /similar"] = {
            "seeds": [replies.track()],
            "items": [{"track": replies.track(2, title="[bold]Feeling Good\x1b[2J"), "distance": 0.0871}],
            "space": "musicnn-raw",
            "milliseconds": 1.5,
        }
        like, _, row = segue("similar", "nina", "simone", "-", "sinnerman", "--track", "5").out.splitlines()
        assert like == "Like Nina Simone - Sinnerman:"
        assert row.split(maxsplit=3)[:3] == ["0.087", "Nina", "Simone"]
        assert "[bold]Feeling Good�[2J" in row  # neither markup nor the terminal's own commands
        assert daemon.requests[0].query == {
            "q": ["nina simone - sinnerman"],
            "track": ["5"],
            "limit": ["20"],
            "per_artist": ["3"],
        }

    def test_similar_asks_as_the_options_say(self, daemon: StandIn, segue: Run) -> None:
        why = {
            "tags": ["jazz"], "tempo": 0.05, "key_fits": True, "energy": None, "place": 4, "moved": ["walk"],
        }  # fmt: skip
        item = {"track": replies.track(), "distance": 0.125, "why": why}
        daemon.replies["GET /similar"] = {"seeds": [], "items": [item], "space": "s", "milliseconds": 1}
        outcome = segue(
            "similar", "--artist", "Nina Simone", "--album", "Pastel Blues", "--unlike", "7",
            "--year", "1960-1975", "--tempo", "90-", "--genre", "Jazz", "--genre", "Soul",
            "--mood", "sad:0.5", "--key", "A minor", "--walk", "--why", "--longest", "0",
        )  # fmt: skip
        assert "jazz; tempo +5%; keys go together; from place 4 by walk" in " ".join(outcome.out.split())
        query = daemon.requests[-1].query
        asked = {
            name: query[name] for name in ("artist", "album", "unlike", "genre", "mood", "key", "walk", "why")
        }
        assert asked == {
            "artist": ["Nina Simone"], "album": ["Pastel Blues"], "unlike": ["7"], "genre": ["Jazz", "Soul"],
            "mood": ["sad:0.5"], "key": ["A minor"], "walk": ["true"], "why": ["true"],
        }  # fmt: skip
        assert (query["year_from"], query["year_to"], query["tempo_from"]) == (["1960"], ["1975"], ["90"])
        assert float(query["longest"][0]) == 0
        assert not {"tempo_to", "versions", "per_album"} & set(query)

    def test_similar_to_a_playlist(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["GET /similar"] = {"seeds": [], "items": [], "space": "s", "milliseconds": 1}
        segue("similar", "--playlist", "Rainy days", "--playlist", "3")
        assert daemon.requests[-1].query["playlist"] == ["Rainy days", "3"]

    def test_an_empty_answer_says_what_is_in_the_way(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["GET /similar"] = {"seeds": [], "items": [], "space": "s", "milliseconds": 1}
        assert "analyse status" in segue("similar", "one").out
        assert "keeps all of these rules" in segue("similar", "one", "--genre", "Polka").out

    def test_similar_weighs_seeds(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["GET /tracks"] = replies.page(replies.track(9))
        item = {"track": replies.track(), "distance": 0.125}
        daemon.replies["POST /similar"] = {"seeds": [], "items": [item], "space": "s", "milliseconds": 1}
        outcome = segue(
            "similar", "sinnerman", "--server", "attic", "--seed", "artist=Nina Simone:2", "--seed",
            "album=Live: Again", "--seed", "playlist=3:0.5", "--seed", "track=12:-.5", "--artist", "Bach",
            "--unlike", "7", "--year", "1960-", "--tempo=-120.5", "--mood", "sad:0.5", "--walk",
        )  # fmt: skip
        assert outcome.out.splitlines()[1].split()[0] == "0.125"
        assert daemon.requests[0].query == {"q": ["sinnerman"], "server": ["attic"], "limit": ["1"]}
        assert last_body(daemon) == {
            "seeds": [
                {"track": 9}, {"artist": "Bach"}, {"artist": "Nina Simone", "weight": 2.0},
                {"album": "Live: Again"}, {"playlist": "3", "weight": 0.5}, {"track": 12, "weight": -0.5},
                {"track": 7, "weight": -1},
            ],
            "server": "attic", "limit": 20, "walk": True, "per_artist": 3, "year_from": 1960,
            "tempo_to": 120.5, "mood": ["sad:0.5"],
        }  # fmt: skip

    @pytest.mark.parametrize("given", ["", "artist", "artist=", "artist=:2", "genre=Jazz:1", "track=one:1"])
    def test_a_seed_that_is_none_is_refused(self, segue: Run, given: str) -> None:
        outcome = segue("similar", f"--seed={given}")
        assert outcome.status == 2
        assert "artist=Nina Simone:2" in " ".join(outcome.err.split())

    def test_words_that_fit_nothing_are_no_seed(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["GET /tracks"] = replies.page()
        outcome = segue("similar", "nothing", "--seed", "artist=Bach")
        assert outcome.status == 1
        assert "No track fits" in outcome.err

    @pytest.mark.parametrize(
        ("given", "first", "last"),
        [("1972", "1972", "1972"), ("-1980", None, "1980"), ("1990-", "1990", None)],
    )
    def test_a_path_keeps_to_years(
        self, daemon: StandIn, segue: Run, given: str, first: str | None, last: str | None
    ) -> None:
        daemon.replies["GET /path"] = {"items": []}
        assert segue("path", "one", "other", f"--year={given}").status == 0
        query = daemon.requests[-1].query
        assert query.get("year_from") == ([first] if first else None)
        assert query.get("year_to") == ([last] if last else None)

    @pytest.mark.parametrize("given", ["-", "then", "1990-1995-2000", ""])
    def test_a_range_that_is_none_is_refused(self, segue: Run, given: str) -> None:
        assert segue("similar", "one", f"--year={given}").status == 2

    def test_similar_needs_a_seed(self, segue: Run) -> None:
        outcome = segue("similar")
        assert outcome.status == 2
        assert "Name a track" in outcome.err

    def test_path(self, daemon: StandIn, segue: Run) -> None:
        steps = [
            {"track": replies.track(), "step": 0.0, "distance": 0.0},
            {"track": replies.track(2), "step": 0.25, "distance": 0.25},
        ]
        daemon.replies["GET /path"] = {"items": steps}
        lines = segue("path", "nina - sinnerman", "feeling good", "--length", "2", "--free").out.splitlines()
        assert [line.split()[0] for line in lines] == ["step", "0.000", "0.250"]
        assert daemon.requests[0].query == {
            "start_q": ["nina - sinnerman"],
            "end_q": ["feeling good"],
            "length": ["2"],
            "fixed": ["false"],
        }

    def test_search(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["GET /tracks"] = replies.page(replies.track())
        assert segue("tracks", "search", "sinner").out.splitlines()[1].split()[-2:] == ["attic", "10:22"]

    def test_show(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["GET /tracks/1"] = replies.track()
        daemon.replies["GET /recordings/11"] = {
            "id": 11,
            "wanted": None,
            "failure": None,
            "heard": replies.heard(),
            "tracks": [replies.track()],
        }
        out = segue("tracks", "show", "1").out
        for shown in ("Pastel Blues", "120 beats per minute", "F# minor", "happy 25%", "jazz 50%"):
            assert shown in out
        assert "loudness" not in out


class TestModels:
    def test_use(self, daemon: StandIn, segue: Run) -> None:
        space = {"name": "mine", "dimensions": 200, "serving": True, "made_by": "model", "vacant": 0}
        daemon.replies["POST /spaces/mine/serve"] = space
        assert segue("models", "use", "mine").out == "mine answers now.\n"
        daemon.replies["POST /spaces/mine/serve"] = space | {"serving": False, "vacant": 7}
        assert "7 recordings must be heard with mine first" in segue("models", "use", "mine").out

    def test_spaces(self, daemon: StandIn, segue: Run) -> None:
        space = {"name": "mine", "dimensions": 200, "serving": True, "made_by": "model", "vacant": 3}
        daemon.replies["GET /spaces"] = {"items": [space]}
        row = segue("models", "spaces").out.splitlines()[1]
        assert row.split() == ["mine", "model", "200", "yes", "3"]

    def test_list_and_verify_need_no_daemon(self, segue: Run, tmp_path: Path) -> None:
        (tmp_path / "letter.onnx").write_text("This is no model.")
        listed = segue("models", "list", "--folder", str(tmp_path)).out.splitlines()
        assert [line.split()[0] for line in listed[1:3]] == ["msd_musicnn", "letter"]
        assert "It is no ONNX model" in listed[2]
        outcome = segue("models", "verify", "--folder", str(tmp_path))
        assert outcome.status == 1
        assert "msd_musicnn: in order" in outcome.out


class TestAnalyse:
    def test_status(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["GET /analysis"] = replies.analysis()
        lines = dict(line.rsplit(maxsplit=1) for line in segue("analyse", "status").out.splitlines()[:4])
        assert lines == {"recordings": "12", "heard": "10", "waiting": "1", "cannot be heard": "1"}

    def test_status_tells_how_workers_hear(self, daemon: StandIn, segue: Run) -> None:
        worker = {
            "worker": "attic:7:ab", "device": "cpu", "reason": "it is the faster", "slots": 2,
            "cpu_percent": 50, "quiet_until": replies.MOMENT,
        }  # fmt: skip
        daemon.replies["GET /analysis"] = replies.analysis(workers=[worker])
        last = segue("analyse", "status").out.splitlines()[-1]
        assert "cpu (it is the faster), 2 at a time, 50 % of the time, quiet until 2026-03-01" in last

    def test_start(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["POST /analysis"] = {"wanted": 3, "run": replies.run()}
        outcome = segue("analyse", "start", "--quality", "full", "--failed")
        assert outcome.out == "3 more recordings wait. Watch with `segue runs follow 7`.\n"
        assert last_body(daemon) == {"quality": "full", "failed": True}

    def test_start_with_nothing_to_do(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["POST /analysis"] = {"wanted": 0, "run": None}
        assert segue("analyse", "start", "--follow").out == "Everything is heard already.\n"

    def test_failures(self, daemon: StandIn, segue: Run) -> None:
        failed = {"id": 1, "failure": "It is silent.", "tracks": [replies.track()]}
        daemon.replies["GET /failures"] = replies.page(failed)
        assert segue("analyse", "failures").out.splitlines()[1].endswith("It is silent.")


class TestTokens:
    def test_list(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["GET /tokens"] = replies.page(TOKEN)
        assert segue("tokens", "list").out.splitlines()[1].split()[:3] == ["3", "kitchen", "play"]

    def test_add_prints_the_token_alone(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["POST /tokens"] = {**TOKEN, "token": "segue_new_token"}
        assert segue("tokens", "add", "kitchen", "--scope", "play").out == "segue_new_token\n"
        assert segue("tokens", "add", "kitchen", "--scope", "all").status == 2

    def test_revoke_by_name_or_id(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["GET /tokens"] = replies.page(TOKEN, {**TOKEN, "id": 4, "name": "3"})
        daemon.replies["DELETE /tokens/3"] = None
        assert segue("tokens", "revoke", "kitchen").out == "The token kitchen is revoked.\n"
        assert "give the other word" in segue("tokens", "revoke", "3").err
        assert segue("tokens", "revoke", "nobody").status == 1


class TestSchedules:
    def test_list(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["GET /schedules"] = {"items": [SCHEDULE]}
        assert "30 4 * * *" in segue("schedules", "list").out

    def test_set(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["PUT /schedules/nightly"] = SCHEDULE
        outcome = segue("schedules", "set", "nightly", "30 4 * * *", "--kind", "analyse")
        assert outcome.out == "nightly begins next: 2026-03-01 04:05:06.\n"
        assert last_body(daemon) == {
            "kind": "analyse", "server": None, "cron": "30 4 * * *", "timezone": "UTC", "enabled": True,
        }  # fmt: skip

    def test_remove(self, daemon: StandIn, segue: Run) -> None:
        daemon.replies["DELETE /schedules/nightly"] = None
        assert segue("schedules", "remove", "nightly").status == 0


class TestSettings:
    def test_show_says_where_from_and_hides_secrets(
        self, segue: Run, environment: pytest.MonkeyPatch
    ) -> None:
        environment.setenv("SEGUE_PORT", "4712")
        environment.setenv("SEGUE_ADMIN_TOKEN", "topsecret")
        environment.setenv("SEGUE_SERVERS__ATTIC__KIND", "folder")
        environment.setenv("SEGUE_SERVERS__ATTIC__TOKEN", "topsecret")
        outcome = segue("settings", "show", "--json")
        found = {row["name"]: row for row in json.loads(outcome.out)}
        assert found["port"] == {"name": "port", "value": 4712, "from": "SEGUE_PORT in the environment"}
        assert found["admin_token"]["value"] == "(given)"
        assert found["servers.attic.token"]["value"] == "(given)"
        assert found["host"]["from"] == "default"
        assert "topsecret" not in outcome.out + segue("settings", "show").out


def test_version(segue: Run) -> None:
    assert segue("--version").out.startswith("segue ")


def test_unknown_command_is_status_2(segue: Run) -> None:
    assert segue("nothing").status == 2


def test_folder_that_does_not_exist_is_status_2(segue: Run) -> None:
    outcome = segue("up", "--music", "/does/not/exist")
    assert (outcome.status, outcome.err) == (2, "There is no folder /does/not/exist.\n")


def test_playlists_go_into_a_folder(segue: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = segue("up", "--playlists", str(tmp_path / "file"))
    assert (outcome.status, outcome.err) == (2, f"{tmp_path / 'file'} is not a folder.\n")


def test_gone_thing_is_status_1(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /runs/9"] = Problem(404, "There is no run 9.")
    assert segue("runs", "show", "9").status == 1


def leaves(path: str, command: Any) -> Iterator[tuple[str, set[str]]]:
    for name, one in command.commands.items():
        if hasattr(one, "commands"):
            yield from leaves(f"{path} {name}", one)
        else:
            yield f"{path} {name}".strip(), {option for parameter in one.params for option in parameter.opts}


def test_every_command_is_for_programs_too() -> None:
    without_json = {
        path for path, options in leaves("", get_command(application())) if "--json" not in options
    }
    assert without_json == {"up", "serve", "work", "settings reference"}


_LOCAL = ("up", "serve", "work", "migrate", "hear", "models list", "models verify")


def test_every_command_that_asks_a_daemon_can_be_told_which() -> None:
    for path, options in leaves("", get_command(application())):
        local = path in _LOCAL or path.startswith("settings ")
        assert local or options >= {"--url", "--token"}, path
