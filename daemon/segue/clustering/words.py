"""The words in which playlists are named: what each tag, mood and tempo is called in front of people."""

__all__ = ["ERAS", "GENRES", "MOOD_TAGS", "MOOD_WORDS", "STYLES", "VOICES", "numeral"]

GENRES = {
    "rock": "Rock",
    "pop": "Pop",
    "alternative": "Alternative",
    "indie": "Indie",
    "electronic": "Electronic",
    "dance": "Dance",
    "alternative rock": "Alternative Rock",
    "jazz": "Jazz",
    "metal": "Metal",
    "chillout": "Chillout",
    "classic rock": "Classic Rock",
    "soul": "Soul",
    "indie rock": "Indie Rock",
    "electronica": "Electronica",
    "folk": "Folk",
    "punk": "Punk",
    "blues": "Blues",
    "hard rock": "Hard Rock",
    "ambient": "Ambient",
    "experimental": "Experimental",
    "Hip-Hop": "Hip-Hop",
    "country": "Country",
    "easy listening": "Easy Listening",
    "funk": "Funk",
    "electro": "Electro",
    "heavy metal": "Heavy Metal",
    "Progressive rock": "Progressive Rock",
    "rnb": "R&B",
    "indie pop": "Indie Pop",
    "House": "House",
}
"""What a playlist can be, last in its name."""

STYLES = {
    "acoustic": "Acoustic",
    "instrumental": "Instrumental",
    "guitar": "Guitar",
    "ambient": "Ambient",
    "experimental": "Experimental",
    "electronic": "Electronic",
    "jazz": "Jazzy",
    "soul": "Soulful",
    "blues": "Bluesy",
    "funk": "Funky",
    "folk": "Folky",
    "country": "Country",
    "indie": "Indie",
    "alternative": "Alternative",
    "dance": "Dance",
    "Progressive rock": "Progressive",
    "chillout": "Chillout",
}
"""What colours it, before the genre."""

MOOD_TAGS = {
    "Mellow": "Mellow",
    "chill": "Chilled",
    "beautiful": "Beautiful",
    "party": "Party",
    "sexy": "Sensual",
    "catchy": "Catchy",
    "sad": "Sad",
    "happy": "Happy",
}
MOOD_WORDS = {
    "danceable": "Danceable",
    "aggressive": "Aggressive",
    "happy": "Happy",
    "party": "Party",
    "relaxed": "Relaxed",
    "sad": "Sad",
}
"""How it feels, first in its name."""

ERAS = {"60s": "60s", "70s": "70s", "80s": "80s", "90s": "90s", "00s": "2000s"}

VOICES = {
    "female vocalists": "Female Voices",
    "female vocalist": "Female Voices",
    "male vocalists": "Male Voices",
}

_NUMERALS = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


def numeral(number: int) -> str:
    """A Roman numeral, for names that nothing else tells apart."""
    text = ""
    for value, letters in _NUMERALS:
        while number >= value:
            text += letters
            number -= value
    return text
