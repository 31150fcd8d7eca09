"""What a person reads when everything stands."""

import shutil
import sys
from pathlib import Path

from segue.up.door import web_address
from segue.up.plan import Plan


def greeting(plan: Plan, *, new_token: str | None) -> list[str]:
    """Address, token on the first day, and what to do next."""
    address, segue = web_address(plan.host, plan.port), _command()
    return [
        f"Segue is ready at {address}",
        "",
        *_about_token(plan, new_token),
        *_about_music(plan, segue, first_day=new_token is not None),
        f'  find similar songs   {segue} similar "artist - title"',
        f"  look at the API      {address}/api/v1/docs",
        f"  is something wrong?  {segue} doctor",
        "",
        f"Stop with Ctrl-C. Logs are in {plan.data_dir / 'logs'}.",
    ]


def _about_token(plan: Plan, new_token: str | None) -> list[str]:
    file = plan.data_dir / "admin-token"
    if new_token:
        return [f"Your admin token, shown this once and kept in {file}:", "", f"    {new_token}", ""]
    return [] if plan.own_token or not file.exists() else [f"Your admin token is kept in {file}.", ""]


def _about_music(plan: Plan, segue: str, *, first_day: bool) -> list[str]:
    if plan.music:
        chosen = plan.playlists is not None
        return [
            f"Hearing {plan.music}.",
            *(_about_playlists(plan) if chosen or first_day else ()),
            "",
            "Next:",
            f"  watch it listen      {segue} runs follow",
        ]
    return ["Next:", f"  connect a server     {segue} servers add --help"]


def _about_playlists(plan: Plan) -> list[str]:
    """The daemon makes the folder where it is used; later on somebody may have chosen another one."""
    folder = plan.playlist_folder
    return [f"Its playlists will be .m3u8 files in {folder}."] if folder and folder.is_dir() else []


def _command() -> str:
    """How to call us from here."""
    if shutil.which("segue"):
        return "segue"
    beside = Path(sys.executable).with_name("segue")
    here = Path.cwd()
    return str(beside.relative_to(here) if beside.is_relative_to(here) else beside)
