"""Brings one server's copies of our playlists up to date, step by step; any step may be the last one.

An id is stored as soon as the server told it. Until then the copy is called by a token that only we
know, and so is found again. Every edit is written down before it is sent: what stands there after a
fault is either as before, as intended, or cut off in between, and none of it is a person's doing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

import structlog

from segue.model import Playlist, PlaylistHeader, PlaylistId, RecordingId, TrackId
from segue.publishing.journal import Journal
from segue.publishing.plan import (
    Edits,
    arranged,
    draft_name,
    edits_of_people,
    effective,
    is_taken_over,
    moved_to,
    on_server,
    pause_after,
    was_ours,
)
from segue.publishing.shelf import Shelf
from segue.sdk import AdapterError, AuthFailed, NotFound, Unavailable, Unsupported
from segue.store.copies import Copy, Intent, Stood
from segue.store.playlists import PlaylistKey

__all__ = ["Headers", "Plan", "Publisher"]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_SURE_SECONDS = 10.0  # a revision may be a moment in whole seconds
_MOST_READ = 50  # new lists that are looked into for one that moved

Headers = Mapping[PlaylistId, PlaylistHeader]
Action = Literal[
    "nothing", "create", "change", "withdraw", "forget", "wait", "deleted", "taken_over", "resume", "given_up"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done with one copy, and why; made without writing anything."""

    copy: Copy
    action: Action
    header: PlaylistHeader | None = None
    present: tuple[TrackId, ...] = ()
    target: tuple[TrackId, ...] = ()
    name: str = ""
    own_name: str | None = None
    edits: Edits = field(default_factory=Edits)
    banned: tuple[RecordingId, ...] = ()
    pinned: tuple[RecordingId, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether the server's copy would be another one afterwards."""
        copy = self.copy
        if self.action == "change":
            edited = self.target != self.present or self.name != copy.published_name
            return edited or not _is_described(copy)
        return self.action in ("create", "withdraw")


class Publisher:
    """One look at one server."""

    def __init__(self, shelf: Shelf, journal: Journal, headers: Headers) -> None:
        self._shelf = shelf
        self._journal = journal
        self._headers = dict(headers)
        self._owned: set[PlaylistId] = set()

    @property
    def ids(self) -> Collection[PlaylistId]:
        """All lists that the server has, as far as we know."""
        return self._headers.keys()

    async def publish(self, copies: Sequence[Copy]) -> int:
        """Bring these up to date; how many were changed. A server that is away ends it all."""
        self._owned = {copy.id for copy in copies if copy.id is not None}
        changed = 0
        for copy in copies:
            if not copy.is_resting and not copy.theirs and not self._is_settled(copy):
                changed += await self._bring(copy)
        return changed

    def _is_settled(self, copy: Copy) -> bool:
        """Whether nobody can have changed anything since the last look."""
        header = self._headers.get(copy.id) if copy.id is not None else None
        return (
            self._journal.look.only_people
            and copy.wanted
            and copy.given_up is None
            and header is not None
            and _is_known(copy, header)
        )

    async def plan(self, copies: Sequence[Copy], *, only: PlaylistKey | None = None) -> list[Plan]:
        """What would be done; nothing is written, neither there nor here."""
        self._owned = {copy.id for copy in copies if copy.id is not None}
        wanted = [copy for copy in copies if not copy.theirs and only in (None, copy.playlist)]
        return [await self._plan(copy) for copy in wanted]

    async def _bring(self, copy: Copy) -> bool:
        try:
            await self._sweep(copy)
            return await self._act(await self._plan(await self._recovered(copy)))
        except (Unavailable, AuthFailed) as error:
            await self._journal.failed(copy, str(error), seconds=0)
            raise
        except Unsupported as error:
            await self._journal.give_up(copy, "refused", str(error))
        except AdapterError as error:
            await self._journal.failed(copy, str(error), seconds=pause_after(copy.attempts))
        return False

    # What is left over from a fault.

    async def _sweep(self, copy: Copy) -> None:
        """Lists under the copy's token that are not its own: half made ones, and those made twice."""
        draft = draft_name(copy.token)
        for header in list(self._headers.values()):
            made_whole = copy.id is None and header.name == draft
            if header.name.startswith(draft) and header.id != copy.id and not made_whole:
                await self._shelf.withdraw(header.id)
                del self._headers[header.id]

    async def _recovered(self, copy: Copy) -> Copy:
        """The copy with the id that it got before a fault."""
        if copy.id is None:
            draft = draft_name(copy.token)
            made = next((one for one in self._headers.values() if one.name == draft), None)
            if made is None:
                return copy
            await self._journal.created(copy, made.id, made.name)
            return replace(copy, id=made.id, shown_name=made.name)
        intent = copy.intent
        if intent is not None and (intent.name != copy.shown_name or copy.id not in self._headers):
            return await self._renamed(copy, copy.id, intent)
        return copy

    async def _renamed(self, copy: Copy, id_: PlaylistId, intent: Intent) -> Copy:
        """An edit may have given it a new id before the fault."""
        contents = await self._contents(intent.known)
        new = [
            header
            for header in self._headers.values()
            if header.id in contents and was_ours(header, contents[header.id], copy, intent)
        ]
        if id_ in self._headers and copy.shown_name != draft_name(copy.token):
            new = [header for header in new if header.name.startswith(intent.name)]
        if not new:
            return copy
        if id_ in self._headers:  # written anew, and the old one not yet removed
            await self._shelf.withdraw(id_)
            del self._headers[id_]
        await self._journal.created(copy, new[0].id, new[0].name)
        self._owned.add(new[0].id)
        return replace(copy, id=new[0].id, shown_name=new[0].name, published_name=intent.name, moves=True)

    async def _contents(self, known: Collection[PlaylistId]) -> dict[PlaylistId, tuple[TrackId, ...]]:
        """The songs of lists that nobody knew before."""
        new = [id_ for id_ in self._headers if id_ not in known and id_ not in self._owned]
        found = {}
        for id_ in new[:_MOST_READ]:
            try:
                found[id_] = await self._shelf.entries(id_)
            except NotFound:
                continue
        return found

    # What is to be done.

    async def _plan(self, copy: Copy) -> Plan:
        header = self._headers.get(copy.id) if copy.id is not None else None
        if not copy.wanted:
            return await self._plan_end(copy, header)
        if copy.given_up is not None:
            back = copy.given_up == "deleted" and header is not None
            same = back and header is not None and await self._present(copy, header) == copy.seen
            return Plan(copy=copy, header=header, action="resume" if same else "given_up")
        if copy.id is None:
            target = await self._target(copy, ())
            return Plan(copy=copy, action="create" if target else "wait", target=target, name=_name(copy))
        if header is None:
            header = await self._moved(copy)
            if header is None:
                return Plan(copy=copy, action="deleted")
        return await self._plan_change(copy, header)

    async def _plan_end(self, copy: Copy, header: PlaylistHeader | None) -> Plan:
        if copy.id is None:
            return Plan(copy=copy, action="nothing")
        if header is None or copy.given_up is not None:
            return Plan(copy=copy, action="forget")
        present = await self._present(copy, header)
        taken = is_taken_over(copy.seen, present, intent=_intended(copy))
        return Plan(copy=copy, action="forget" if taken else "withdraw", header=header, present=present)

    async def _plan_change(self, copy: Copy, header: PlaylistHeader) -> Plan:
        try:
            present = await self._present(copy, header)
        except NotFound:
            return Plan(copy=copy, action="deleted")
        intended = _intended(copy)
        if is_taken_over(copy.seen, present, intent=intended):
            return Plan(copy=copy, action="taken_over", header=header, present=present)
        edits = edits_of_people(copy.seen, present, intent=intended)
        banned, pinned = await self._wishes(edits)
        own_name = _own_name(copy, header)
        copy = replace(copy, own_name=own_name or copy.own_name)
        target = await self._target(copy, present, banned=banned, pinned=pinned)
        target = target or present  # what lost all its songs for now is left as it is
        return Plan(
            copy=copy, action="change", header=header, present=present, target=target, edits=edits,
            banned=banned, pinned=pinned, own_name=own_name, name=_name(copy),
        )  # fmt: skip

    async def _present(self, copy: Copy, header: PlaylistHeader) -> tuple[TrackId, ...]:
        """What stands there."""
        return copy.seen if _is_known(copy, header) else await self._shelf.entries(header.id)

    async def _moved(self, copy: Copy) -> PlaylistHeader | None:
        """Where ids follow names, a new list with its songs is the old one under another name."""
        if not copy.moves or not copy.seen:
            return None
        known = self._journal.look.known
        return moved_to(copy, self._headers.values(), known, await self._contents(known))

    async def _wishes(self, edits: Edits) -> tuple[tuple[RecordingId, ...], tuple[RecordingId, ...]]:
        """What was taken out though the server still has it, and what was put in."""
        known = await self._journal.known([*edits.removed, *edits.added])
        banned = [
            known[track][0]
            for track in edits.removed
            if track in known and known[track][1] and await self._shelf.has(track)
        ]
        pinned = [known[track][0] for track in edits.added if track in known]
        return tuple(one for one in banned if one not in pinned), tuple(dict.fromkeys(pinned))

    async def _target(
        self,
        copy: Copy,
        present: tuple[TrackId, ...],
        *,
        banned: Collection[RecordingId] = (),
        pinned: Collection[RecordingId] = (),
    ) -> tuple[TrackId, ...]:
        songs = await self._journal.songs(copy)
        pins = replace(
            songs.pins,
            pinned=tuple(dict.fromkeys([*(one for one in songs.pins.pinned if one not in banned), *pinned])),
            banned=(songs.pins.banned | frozenset(banned)) - frozenset(pinned),
        )
        wanted = effective(songs.version, pins, at_most=copy.songs_at_most)
        playable = await self._journal.playable(wanted)
        known = await self._journal.known(present)
        return arranged(
            present,
            on_server(wanted, playable, present),
            fresh=copy.published_version != copy.version,
            pinned=[track for one in pins.pinned for track in playable.get(one, ())],
            keep=[track for track in present if track not in known],
        )

    # Doing it.

    async def _act(self, plan: Plan) -> bool:
        copy = plan.copy
        match plan.action:
            case "create":
                await self._create(plan)
            case "change":
                return await self._change(plan)
            case "withdraw" if copy.id is not None:
                await self._shelf.withdraw(copy.id)
                await self._journal.withdrawn(copy)
                _log.info("playlist_withdrawn", playlist=copy.playlist, server=copy.server)
            case "forget":
                await self._journal.withdrawn(copy)
            case "resume":
                await self._journal.resume(copy)
            case "deleted" | "taken_over" as why:
                await self._journal.give_up(copy, why)
                _log.info("playlist_given_up", playlist=copy.playlist, server=copy.server, why=why)
            case _:
                return False
        return plan.action in ("create", "withdraw")

    async def _create(self, plan: Plan) -> None:
        """Made under its token with all its songs; it gets its name when we know its id."""
        copy, draft = plan.copy, draft_name(plan.copy.token)
        await self._journal.intend(copy, Intent(name=draft, tracks=plan.target, known=frozenset(self.ids)))
        id_ = await self._shelf.publish(_playlist(copy, draft, plan.target), replacing=None)
        await self._journal.created(copy, id_, draft)
        header = PlaylistHeader(id=id_, name=draft, revision="")
        self._headers[id_] = header
        self._owned.add(id_)
        stood = Stood(id=id_, name=draft, tracks=_ours(await self._shelf.entries(id_), plan.target))
        copy = replace(copy, id=id_, shown_name=draft, seen=stood.tracks)
        await self._rename(copy, header, stood.tracks, plan.name)
        _log.info("playlist_created", playlist=copy.playlist, server=copy.server, songs=len(stood.tracks))

    async def _change(self, plan: Plan) -> bool:
        copy, header = plan.copy, plan.header
        assert header is not None
        if _is_known(copy, header) and _is_as_wanted(plan):
            return False
        copy = await self._take_over(plan, header)
        target = plan.target
        stood = Stood(id=header.id, name=header.name, tracks=_ours(plan.present, target))
        changed = target != plan.present
        if changed or not _is_described(copy):
            written = await self._write(copy, header, target)
            if written is None:
                return False
            stood, header = written, replace(header, id=written.id)
        if plan.name != copy.published_name and stood.tracks:
            await self._rename(copy, header, stood.tracks, plan.name)
            return True
        if copy.published_version != copy.version or not _is_described(copy) or changed:
            await self._journal.settled(
                copy, stood, published_version=copy.version, edited=changed,
                published_public=copy.public, published_description=copy.description,
            )  # fmt: skip
        return changed

    async def _take_over(self, plan: Plan, header: PlaylistHeader) -> Copy:
        """Write down what people did before anything else is done."""
        copy = plan.copy
        ours = set(copy.seen) | set(copy.intent.tracks if copy.intent else ()) | set(plan.target)
        stood = Stood(
            id=header.id,
            name=header.name,
            tracks=tuple(track for track in plan.present if track in ours),
            revision=header.revision,
        )
        await self._journal.read(copy, stood, banned=plan.banned, pinned=plan.pinned, own_name=plan.own_name)
        if plan.banned or plan.pinned or plan.own_name:
            _log.info(
                "playlist_edited_by_person", playlist=copy.playlist, server=copy.server,
                removed=len(plan.banned), added=len(plan.pinned), renamed=plan.own_name is not None,
            )  # fmt: skip
        self._owned.add(header.id)
        return replace(
            copy,
            id=header.id,
            shown_name=header.name,
            seen=stood.tracks,
            intent_name=None,
            published_name=plan.own_name or copy.published_name,
        )

    async def _write(self, copy: Copy, header: PlaylistHeader, target: tuple[TrackId, ...]) -> Stood | None:
        """Other songs under the same name; None when the server lets us not."""
        intent = Intent(name=header.name, tracks=target, known=frozenset(self.ids))
        await self._journal.intend(copy, intent)
        wanted = _playlist(copy, header.name, target, public=_public(copy, header))
        id_ = await self._shelf.publish(wanted, replacing=header.id)
        if id_ != header.id and header.id in (await self._shelf.headers()):
            await self._shelf.withdraw(id_)
            await self._journal.give_up(
                copy, "refused", "The server lets nobody but its owner edit this list."
            )
            return None
        if id_ != header.id:
            await self._journal.created(copy, id_, header.name)
            self._owned.add(id_)
        present = await self._shelf.entries(id_)
        return Stood(id=id_, name=header.name, tracks=_ours(present, target))

    async def _rename(
        self, copy: Copy, header: PlaylistHeader, tracks: tuple[TrackId, ...], name: str
    ) -> None:
        """The same songs under another name, which may bring another id."""
        await self._journal.intend(copy, Intent(name=name, tracks=tracks, known=frozenset(self.ids)))
        wanted = _playlist(copy, name, tracks, public=_public(copy, header))
        id_ = await self._shelf.publish(wanted, replacing=header.id)
        await self._journal.created(copy, id_, header.name)
        now = (await self._shelf.headers()).get(id_)
        stood = Stood(
            id=id_, name=now.name if now else name, tracks=_ours(await self._shelf.entries(id_), tracks)
        )
        await self._journal.settled(
            copy, stood, published_name=name, published_version=copy.version,
            moves=True if id_ != header.id else None, edited=True,
            published_public=copy.public, published_description=copy.description,
        )  # fmt: skip
        self._headers.pop(header.id, None)
        self._headers[id_] = now or replace(header, id=id_, name=name)
        self._owned.add(id_)


def _is_known(copy: Copy, header: PlaylistHeader) -> bool:
    """Whether its revision has been the same for so long that nothing can hide behind it."""
    since, read = copy.revision_since, copy.read_at
    if (
        copy.intent is not None
        or copy.id != header.id
        or not header.revision
        or since is None
        or read is None
    ):
        return False
    is_same = (copy.revision, copy.shown_name) == (header.revision, header.name)
    return is_same and read > since + timedelta(seconds=_SURE_SECONDS)


def _is_as_wanted(plan: Plan) -> bool:
    copy = plan.copy
    is_current = (copy.published_version, copy.published_name) == (copy.version, plan.name)
    return is_current and _is_described(copy) and plan.target == plan.present


def _intended(copy: Copy) -> tuple[TrackId, ...] | None:
    return copy.intent.tracks if copy.intent is not None else None


def _name(copy: Copy) -> str:
    return copy.own_name or copy.name


def _own_name(copy: Copy, header: PlaylistHeader) -> str | None:
    """What a person called it; neither our token nor a name that we were about to give is theirs."""
    ours = {copy.shown_name, draft_name(copy.token), copy.intent.name if copy.intent else None}
    if copy.published_name is None or header.name in ours:
        return None
    return header.name


def _playlist(copy: Copy, name: str, tracks: tuple[TrackId, ...], *, public: bool | None = None) -> Playlist:
    return Playlist(
        name=name,
        tracks=tracks,
        description=copy.description,
        owner=copy.user,
        public=copy.public if public is None else public,
    )


def _public(copy: Copy, header: PlaylistHeader) -> bool:
    """As set; where a person set it otherwise on the server, as they did."""
    if copy.published_public != copy.public or header.public is None:
        return copy.public
    return header.public


def _is_described(copy: Copy) -> bool:
    """Whether the server was told what we say of it now."""
    return (copy.published_public, copy.published_description) in (
        (copy.public, copy.description),
        (None, None),
    )


def _ours(present: Sequence[TrackId], target: Collection[TrackId]) -> tuple[TrackId, ...]:
    """What stands there of what we wrote; the rest is somebody else's, and found at the next look."""
    wanted = set(target)
    return tuple(track for track in present if track in wanted)
