"""The supervisor's own process; its plan comes in a file, which may be a pipe."""

import contextlib
import sys
from dataclasses import replace
from pathlib import Path

from segue.embedded import StartError
from segue.up.bell import bell
from segue.up.holder import hold
from segue.up.plan import Plan
from segue.up.rooms import data_room
from segue.up.supervisor import Supervisor


def main(plan_file: str) -> int:
    """Run the plan; refusals are sentences and exit status 1."""
    plan = Plan.from_json(Path(plan_file).read_text())
    try:
        data_dir = data_room(plan.data_dir)
        with bell() as rung, hold(data_dir) as holder:
            return Supervisor(replace(plan, data_dir=data_dir), holder, rung, say=_say).run()
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _say(line: str) -> None:
    """The terminal may be gone; that is no reason to leave children behind."""
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
