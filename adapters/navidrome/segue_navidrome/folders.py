"""The libraries of a server that are ours to list: its music folders."""

from collections.abc import Sequence
from dataclasses import dataclass

from segue.sdk import Unsupported
from segue_navidrome.client import Client, Parameter
from segue_navidrome.parse import payloads
from segue_navidrome.payloads import Folder, Song

__all__ = ["Part", "library_of", "parts"]

_LIKE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one listing covers: one library, or all that there is."""

    library: str | None
    scope: tuple[Parameter, ...] = ()


async def parts(client: Client, wanted: Sequence[str]) -> list[Part]:
    """One part for each library to list; Unsupported when a wanted one is not there."""
    try:
        holder = (await client.ask("getMusicFolders")).get("musicFolders")
    except Unsupported:
        if wanted:
            raise
        return [Part(library=None)]
    folders = payloads(Folder, holder, "musicFolder")
    names = {folder.name or folder.id for folder in folders}
    if missing := [name for name in wanted if name not in names]:
        raise Unsupported(
            f"The user sees no library named {', '.join(missing)}; there are: {', '.join(sorted(names))}."
        )
    if len(folders) < 2:
        return [Part(library=folders[0].name if folders else None)]
    return [
        Part(library=folder.name or folder.id, scope=(("musicFolderId", folder.id),))
        for folder in folders
        if not wanted or (folder.name or folder.id) in wanted
    ]


async def library_of(client: Client, among: Sequence[Part], song: Song) -> Part | None:
    """The part that a song belongs to; None when a search in each does not bring it to light."""
    if len(among) == 1 and not among[0].scope:
        return among[0]
    for part in among:
        reply = await client.ask(
            "search3",
            ("query", song.title or ""),
            ("songCount", str(_LIKE)),
            ("albumCount", "0"),
            ("artistCount", "0"),
            *part.scope,
        )
        found = payloads(Song, reply.get("searchResult3"), "song")
        if any(one.id == song.id for one in found):
            return part
    return None
