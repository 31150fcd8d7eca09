"""Programs for an account that cannot reach them: a copy where it can, as for a checkout in root's home."""

import shutil
import tempfile
import zlib
from pathlib import Path

from segue.embedded.account import Account
from segue.embedded.errors import StartError

_NOT_NEEDED = shutil.ignore_patterns("include", "__pycache__", "*.a", "pgbench", "psql", "ecpg")


def lend(program: Path, *, account: Account | None, shelf: Path) -> Path:
    """The program where the account may run it: itself, or in a copy of its package on the shelf."""
    if account is None or (closed := account.locked_out_at(program)) is None:
        return program
    package = _package_of(program)
    if package is None:
        raise StartError(
            f"The account {account.name} may not pass {closed}, so it cannot run {program}. "
            "Install that program where everybody may run it."
        )
    copy = shelf / f"{package.name}-{_edition(program)}"
    if not copy.exists():
        _copy(package, copy)
    return copy / program.relative_to(package.parent)


def _package_of(program: Path) -> Path | None:
    """The outermost Python package that the program came in."""
    packages = [folder for folder in program.parents if (folder / "__init__.py").exists()]
    return packages[-1] if packages else None


def _edition(program: Path) -> str:
    facts = program.stat()
    return f"{zlib.crc32(f'{program} {facts.st_size} {facts.st_mtime_ns}'.encode()):08x}"


def _copy(package: Path, copy: Path) -> None:
    """Whole or not at all; copies of other editions make room."""
    copy.parent.mkdir(mode=0o755, exist_ok=True)
    growing = Path(tempfile.mkdtemp(prefix="new-", dir=copy.parent))
    try:
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, growing / part.name, symlinks=True, ignore=_NOT_NEEDED)
        for older in copy.parent.glob(f"{package.name}-*"):
            shutil.rmtree(older, ignore_errors=True)
        growing.chmod(0o755)
        growing.rename(copy)
    finally:
        shutil.rmtree(growing, ignore_errors=True)
