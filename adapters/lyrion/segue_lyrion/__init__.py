"""A Lyrion Music Server, known as Logitech Media Server before."""

from segue.sdk import AdapterPlugin
from segue_lyrion.adapter import connect
from segue_lyrion.config import LyrionConfig

__all__ = ["plugin"]

plugin = AdapterPlugin(kind="lyrion", title="Lyrion Music Server", config=LyrionConfig, connect=connect)
