"""A folder of music as a server."""

from segue.sdk import AdapterPlugin
from segue_folder.adapter import connect
from segue_folder.config import FolderConfig

__all__ = ["plugin"]

plugin = AdapterPlugin(kind="folder", title="Folder of music", config=FolderConfig, connect=connect)
