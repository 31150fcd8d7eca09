"""What of the children's logs reaches the terminal, and how long they grow."""

from pathlib import Path

import pytest

from segue.up.journal import Journal, loud


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            '{"event": "server_lost", "level": "warning", "server": "attic"}',
            "warning server_lost server=attic",
        ),
        ('{"event": "track_analysed", "level": "info", "track": 7}', None),
        ('{"event": "odd", "level": "error", "exception": "Trace…"}', "error odd"),
        (
            "2026-11-22 18:00 [error    ] server_lost server=attic",
            "2026-11-22 18:00 [error    ] server_lost server=attic",
        ),
        ("2026-11-22 18:00 [info     ] all_quiet", None),
        ("ValueError: no such thing", "ValueError: no such thing"),
        ("    | psycopg.OperationalError: gone", "psycopg.OperationalError: gone"),
        ("  | Traceback (most recent call last):", None),
        ("2026-11-22 UTC [7] PANIC:  could not write", "2026-11-22 UTC [7] PANIC:  could not write"),
        ("2026-11-22 UTC [7] ERROR:  duplicate key", None),
        ("{broken", None),
        ("[1, 2]", None),
    ],
)
def test_only_loud_lines_are_told(line: str, told: str | None) -> None:
    assert loud(line) == told


def test_a_line_is_told_once_and_only_when_whole(tmp_path: Path) -> None:
    said: list[str] = []
    journal = Journal(tmp_path / "work.log", name="work", say=said.append)
    journal.look()
    with journal.path.open("a") as log:
        log.write("A")
        log.flush()
        journal.look()
        assert said == []
        log.write("Error: first\n")
        log.flush()
        journal.look()
        journal.look()
    assert said == ["work: AError: first"]


def test_lines_of_an_earlier_life_are_not_told_again(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "work.log").write_text("OldError: yesterday\n")
    journal = Journal(tmp_path / "work.log", name="work", say=said.append)
    journal.look()
    assert said == []


def test_a_log_keeps_its_size_bounded_while_the_child_writes_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "work.log", name="work", say=lambda _line: None, limit=1000)
    with journal.path.open("a") as log:  # the child's own, never reopened
        for number in range(200):
            log.write(f"line {number:04d} of a talkative child\n")
            log.flush()
            journal.look()
    assert journal.path.stat().st_size <= 1040
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 2080
    kept = (tmp_path / "work.1.log").read_text() + journal.path.read_text()
    assert "line 0199" in kept
