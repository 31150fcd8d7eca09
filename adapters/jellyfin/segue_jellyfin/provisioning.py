"""Sets the Webhook plugin up, when the operator asks: installs it, and adds or corrects our entry."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from segue.sdk import Malformed, Unsupported
from segue.sdk.dialects.mediabrowser.parse import payloads
from segue_jellyfin.access import Access
from segue_jellyfin.payloads import Plugin

__all__ = ["set_up_webhook", "with_entry"]

_PLUGIN = "71552a5a5c5c4350a2aeebe451a30173"
_NEWS = ["ItemAdded", "ItemDeleted", "TaskCompleted"]
_KINDS = ("Albums", "Movies", "Episodes", "Series", "Seasons", "Videos")
_ENTRIES = "GenericOptions"
_GONE = frozenset({"Deleted", "Superseded", "Superceded"})
_RESTART = "Restart Jellyfin when nobody is listening, then ask again."


async def set_up_webhook(access: Access, address: str, secret: str) -> str:
    """One step at a time; Jellyfin is never restarted by us, because somebody may be listening."""
    if not access.administers:
        raise Unsupported("Only an administrator or an API key may set plugins up.")
    client = access.client
    plugins = payloads(Plugin, await client.read("Plugins", forbidden=Unsupported))
    found = [plugin for plugin in plugins if plugin.Id == _PLUGIN and plugin.Status not in _GONE]
    if not found:
        query = ("assemblyGuid", _PLUGIN)
        await client.act("Packages/Installed/Webhook", query, forbidden=Unsupported)
        return f"Jellyfin installs its Webhook plugin. {_RESTART}"
    if any(plugin.Status == "Restart" for plugin in found):
        return f"The Webhook plugin is installed. {_RESTART}"
    if all(plugin.Status != "Active" for plugin in found):
        raise Unsupported(f"Jellyfin's Webhook plugin does not run: it is {found[0].Status}.")
    path = f"Plugins/{_PLUGIN}/Configuration"
    kept = await client.read(path, forbidden=Unsupported)
    if not isinstance(kept, dict):
        raise Malformed("The Webhook plugin's settings are none.")
    wanted = with_entry(kept, address, secret)
    if wanted == kept:
        return f"The Webhook plugin posts to {address} already."
    await client.act(path, body=wanted, safe=True, forbidden=Unsupported)
    return f"The Webhook plugin posts to {address} from now on."


def with_entry(kept: Mapping[str, Any], address: str, secret: str) -> dict[str, Any]:
    """The plugin's settings with our entry; one that goes to the same place is ours, others stay."""
    entries = kept.get(_ENTRIES)
    entries = list(entries) if isinstance(entries, list) else []
    places = [at for at, entry in enumerate(entries) if _place(entry) == _place({"WebhookUri": address})]
    if places:
        entries[places[0]] = {**entries[places[0]], **_entry(address, secret)}
        entries = [entry for at, entry in enumerate(entries) if at not in places[1:]]
    else:
        entries.append({"WebhookName": "Segue", "Template": "", "Fields": []} | _entry(address, secret))
    return {**kept, _ENTRIES: entries}


def _entry(address: str, secret: str) -> dict[str, Any]:
    return {
        "WebhookUri": address,
        "EnableWebhook": True,
        "NotificationTypes": _NEWS,
        "EnableSongs": True,
        **{f"Enable{kind}": False for kind in _KINDS},
        "SendAllProperties": True,
        "TrimWhitespace": True,
        "SkipEmptyMessageBody": True,
        "UserFilter": [],
        "Headers": [
            {"Key": "Content-Type", "Value": "application/json"},
            {"Key": "X-Segue-Secret", "Value": secret},
        ],
    }


def _place(entry: object) -> tuple[str, str] | None:
    told = entry.get("WebhookUri") if isinstance(entry, dict) else None
    parts = urlsplit(told) if isinstance(told, str) else None
    return (parts.netloc.lower(), parts.path.rstrip("/")) if parts else None
