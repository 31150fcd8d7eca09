"""Which tracks are versions of one work, as far as their titles tell."""

import re
import unicodedata
from functools import lru_cache

__all__ = ["folded", "is_seasonal", "performer", "work"]

_VERSION_WORDS = (
    "remaster|remastered|remix master|live|demo|mono|stereo|explicit|clean|bonus|edit|radio|single|album"
    "|original|version|deluxe|anniversary|edition|acoustic|session|take|rehearsal|alternate|extended|reissue"
    "|feat|ft|featuring|with"
)
_BRACKETS = re.compile(rf"\s*[\(\[][^)\]]*\b(?:{_VERSION_WORDS})\b[^)\]]*[\)\]]")
_TAIL = re.compile(rf"\s+[-–—]\s+[^-–—]*\b(?:{_VERSION_WORDS})\b.*$")
_FEATURING = re.compile(r"\s+(?:feat\.?|ft\.?|featuring)\s.*$")
_NO_WORD = re.compile(r"[^\w]+")
_ARTISTS = re.compile(r"\s*(?:;|/|,|&|\band\b|\bfeat\b\.?|\bft\b\.?|\bfeaturing\b|\bwith\b|\bvs\b\.?)\s+")

_GUEST = re.compile(r"\s+[(\[]?(?:feat\.?|ft\.?|featuring)\s.*$", re.IGNORECASE)

_NOBODY = frozenset(
    {
        "unknown artist", "unknown", "no artist", "various artists", "various", "anonymous artist",
        "unbekannter kunstler", "unbekannter interpret", "verschiedene interpreten", "diverse interpreten",
        "artiste inconnu", "artistes divers", "artista desconocido", "varios artistas",
        "artista desconhecido", "artista sconosciuto", "artisti vari",
    }
)  # fmt: skip
"""What servers and taggers write where they know no artist, folded; many people's songs bear it."""

_SEASONAL = re.compile(
    r"\b(?:christmas|xmas|x mas|weihnacht\w*|navidad|natale|julen|julsang\w*|jingle bells?|silent night"
    r"|(?:joyeux|papa|first|de|petit) noel|stille nacht|o holy night|santa claus|rudolph the red|mistletoe"
    r"|let it snow|winter wonderland|sleigh ride|deck the halls?|little drummer boy|auld lang syne"
    r"|o tannenbaum|villancicos?)\b"
)


def folded(text: str) -> str:
    """Without case, accents and punctuation, so that spelling does not tell two things apart."""
    plain = text.casefold()
    if not plain.isascii():
        decomposed = unicodedata.normalize("NFKD", plain)
        plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return _NO_WORD.sub(" ", plain).strip()


def performer(artist: str | None) -> str:
    """Who plays, folded: an artist with guests is the artist; empty where nobody is named."""
    name = (artist or "").strip()
    plain = folded(_GUEST.sub("", name)) or folded(name)
    return "" if plain in _NOBODY else plain


def work(title: str, artist: str | None) -> tuple[str, str]:
    """Equal for versions of one work; remixes and numbered parts are works of their own."""
    plain_artist, first_artist = _credited(artist or "")
    bare = title.casefold()
    for part in (_BRACKETS, _TAIL, _FEATURING):
        shorter = part.sub("", bare)
        if shorter != bare and folded(shorter) not in ("", plain_artist):
            bare = shorter
    return first_artist or plain_artist, folded(bare) or title


@lru_cache(maxsize=1024)
def _credited(artist: str) -> tuple[str, str]:
    """All who are credited, and the first of them."""
    return folded(artist), folded(_ARTISTS.split(artist.casefold(), maxsplit=1)[0])


def is_seasonal(*texts: str | None) -> bool:
    """Whether any of these names Christmas."""
    return any(text and _SEASONAL.search(folded(text)) for text in texts)
