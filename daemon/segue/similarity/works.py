"""Which tracks are versions of one work, as far as their titles tell."""

import re
import unicodedata

__all__ = ["folded", "is_seasonal", "work"]

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


def work(title: str, artist: str | None) -> tuple[str, str]:
    """Equal for versions of one work; remixes and numbered parts are works of their own."""
    bare = title.casefold()
    for part in (_BRACKETS, _TAIL, _FEATURING):
        shorter = part.sub("", bare)
        bare = shorter if folded(shorter) else bare
    first = _ARTISTS.split((artist or "").casefold(), maxsplit=1)[0]
    return folded(first) or folded(artist or ""), folded(bare) or title


def is_seasonal(*texts: str | None) -> bool:
    """Whether any of these names Christmas."""
    return any(text and _SEASONAL.search(folded(text)) for text in texts)
