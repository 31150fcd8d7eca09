"""Runs a real Supysonic; for an interpreter that has it installed. Scans whenever a line is read.

python supysonic_host.py HOME PORT NAME=FOLDER...
"""

import sys
import threading
from pathlib import Path

import waitress
from supysonic.config import DefaultConfig
from supysonic.db import close_connection, open_connection
from supysonic.managers.folder import FolderManager
from supysonic.managers.user import UserManager
from supysonic.scanner import Scanner
from supysonic.web import create_application

home, port = Path(sys.argv[1]), int(sys.argv[2])
folders = dict(word.split("=", 1) for word in sys.argv[3:])


def config() -> DefaultConfig:
    made = DefaultConfig()
    made.BASE = {**made.BASE, "database_uri": f"sqlite:///{home}/supysonic.db"}
    made.WEBAPP = {**made.WEBAPP, "cache_dir": str(home), "mount_webui": False, "log_level": "ERROR"}
    made.DAEMON = {**made.DAEMON, "socket": str(home / "no-daemon")}
    return made


def scan() -> None:
    scanner = Scanner(force=True)
    for name in folders:
        scanner.queue_folder(name)
    scanner.run()


is_new = not (home / "supysonic.db").exists()
application = create_application(config())
open_connection(True)
if is_new:
    UserManager.add("tester", "se:same& ü", admin=True)
    UserManager.add("other", "other")
    for name, folder in folders.items():
        FolderManager.add(name, folder)
close_connection()
scan()
server = waitress.create_server(application, host="127.0.0.1", port=port, threads=4)
threading.Thread(target=server.run, daemon=True).start()
sys.stdout.write("ready\n")
sys.stdout.flush()
for _ in sys.stdin:
    scan()
    sys.stdout.write("scanned\n")
    sys.stdout.flush()
