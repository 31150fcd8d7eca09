"""A front door before a small Subsonic server whose songs are heard, and a client of it."""

import json
from typing import Any
from urllib.parse import urlencode

from yarl import URL

from segue.store.servers import Server
from segue.web.front.subsonic import SubsonicDialect
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.front.conftest import Stage
from tests.daemon.web.front.subsonic_server import SubsonicServer
from tests.daemon.web.music import attic, hear, song

TITLES = ["Sinnerman", "Feeling Good", "So What", "Blue in Green", "Ace of Spades", "Unheard"]
ARTISTS = ["Nina Simone", "Nina Simone", "Miles Davis", "Miles Davis", "Motörhead", "Nobody"]
JOE = {"u": "joe", "p": "sesame", "v": "1.16.1", "c": "test"}
NS = {"s": "http://subsonic.org/restapi"}


class Door:
    """A front door, the server behind it, and a client."""

    def __init__(self, url: URL, far: SubsonicServer, direct: URL, client: Any) -> None:
        self.url, self.far, self.direct, self.client = url, far, direct, client

    async def ask(
        self, method: str, *, form: str = "json", post: bool = False, door: bool = True, **words: Any
    ) -> tuple[int, str, bytes]:
        """Status, content type and body."""
        told = urlencode({**JOE, "f": form, **words}, doseq=True)
        base = f"{self.url if door else self.direct}/rest/{method}.view"
        if post:
            sent = self.client.post(
                base, data=told, headers={"Content-Type": "application/x-www-form-urlencoded"}
            )
        else:
            sent = self.client.get(URL(f"{base}?{told}", encoded=True))
        async with sent as reply:
            return reply.status, reply.content_type, await reply.read()

    async def json(self, method: str, **words: Any) -> dict[str, Any]:
        _, _, body = await self.ask(method, **words)
        told: dict[str, Any] = json.loads(body)["subsonic-response"]
        return told

    async def titles(self, item: str, method: str = "getSimilarSongs", **words: Any) -> list[str]:
        told = await self.json(method, id=item, **words)
        container = "similarSongs2" if method.endswith("2") else "similarSongs"
        return [one["title"] for one in told[container].get("song", [])]


async def opened(daemon: Daemon, stage: Stage, *, seconds: float = 60) -> Door:
    """All but the last song are heard, each a little further from the first."""
    songs = [
        song(number, title, artist)
        for number, (title, artist) in enumerate(zip(TITLES, ARTISTS, strict=True))
    ]
    server = await attic(daemon, *songs)
    await hear(daemon, {title: number * 10 for number, title in enumerate(TITLES[:5])})
    return await _open(daemon, stage, server, seconds)


async def _open(daemon: Daemon, stage: Stage, server: Server, seconds: float) -> Door:
    far = SubsonicServer()
    for number, (title, artist) in enumerate(zip(TITLES, ARTISTS, strict=True)):
        far.songs[f"track-{number}"] = {
            "id": f"track-{number}",
            "title": title,
            "artist": artist,
            "artistId": artist.split()[0].lower(),
            "duration": 180,
            "isDir": False,
        }
    far.albums["kind"] = {
        "id": "kind",
        "name": "Kind of Blue",
        "song": [{"id": "track-2"}, {"id": "track-3"}],
    }
    far.artists["miles"] = {"id": "miles", "name": "Miles Davis", "album": [{"id": "kind"}]}
    far.playlists["mix"] = {"id": "mix", "name": "Mix", "entry": [{"id": "track-0"}, {"id": "strange"}]}
    dialect = SubsonicDialect(
        pool=daemon.services.pool,
        follower=daemon.context.follower,
        server=server.id,
        artists=daemon.context.artists,
        seconds=seconds,
    )
    direct = await stage.server(far.answer)
    return Door(await stage.door(direct, dialect), far, direct, await stage.client())
