import json
import subprocess
import sys

_PROGRAM = """
import logging, structlog
from types import SimpleNamespace
from segue import logs
logs.configure(SimpleNamespace(log_level={level!r}, log_format="auto"))
structlog.get_logger("segue.test").info("server_lost", server="attic")
structlog.get_logger("segue.test").debug("query_run")
logging.getLogger("arq.worker").info("chatter")
logging.getLogger("other").warning("a library's %s", "line")
"""


def lines(level: str) -> list[dict[str, str]]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(level=level)], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_lines_are_json_where_there_is_no_terminal() -> None:
    first, second = lines("info")
    assert first.pop("timestamp").endswith("Z")
    assert first == {"event": "server_lost", "server": "attic", "level": "info", "logger": "segue.test"}
    assert (second["event"], second["logger"]) == ("a library's line", "other")


def test_level_is_obeyed_by_all() -> None:
    assert [line["event"] for line in lines("warning")] == ["a library's line"]
    assert len(lines("debug")) == 4


def test_what_ends_the_process_is_a_line_too() -> None:
    program = _PROGRAM.format(level="critical") + "raise ValueError('password=topsecret')\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    (line,) = map(json.loads, done.stderr.splitlines())
    assert done.returncode == 1
    assert (line["event"], line["reason"]) == ("process_crashed", "ValueError: password=[hidden]")
    assert "Traceback" in line["exception"]
    assert "topsecret" not in done.stderr
