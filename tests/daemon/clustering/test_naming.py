"""Names are readable, true, unlike one another and the same each time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.clustering.corpus import MOODS
from segue.clustering.naming import FIELDS, check_template, is_true_of, name_groups
from segue.clustering.portrait import Portrait
from segue.clustering.words import ERAS, GENRES, MOOD_TAGS, STYLES, VOICES, numeral
from segue.model import MODEL_TAGS


def portrait(
    tags: dict[str, float] | None = None,
    above: dict[str, float] | None = None,
    moods: dict[str, float] | None = None,
    tempo: float | None = 110.0,
    energy: float | None = 0.0,
) -> Portrait:
    """Songs in which these tags are heard, by default clearly more than elsewhere."""
    heard = tags or {}
    return Portrait(
        songs=20,
        tags=heard,
        tags_above=above if above is not None else dict.fromkeys(heard, 1.0),
        moods_above=moods or {},
        tempo=tempo,
        energy_above=energy,
    )


levels = st.floats(0, 1, allow_subnormal=False)
spreads = st.floats(-3, 3, allow_subnormal=False)
portraits = st.builds(
    Portrait,
    songs=st.integers(1, 500),
    tags=st.dictionaries(st.sampled_from(MODEL_TAGS), levels),
    tags_above=st.dictionaries(st.sampled_from(MODEL_TAGS), spreads),
    moods_above=st.dictionaries(st.sampled_from(MOODS), spreads),
    tempo=st.none() | st.floats(40, 240),
    energy_above=st.none() | spreads,
)


@pytest.mark.parametrize(
    ("name", "above", "true"),
    [
        ("Mellow Acoustic Folk", {"folk": 1.0, "acoustic": 0.5, "Mellow": 0.4}, True),
        ("Mellow Acoustic Folk", {"folk": 0.15, "acoustic": 0.2, "Mellow": -1.0}, True),
        ("Mellow Acoustic Folk", {"folk": 0.05, "acoustic": -0.2, "Mellow": 1.0}, False),
        ("Alternative Rock", {"alternative rock": 0.5, "rock": -1.0}, True),
        ("Alternative Rock", {"alternative rock": 0.0, "rock": 1.0}, False),
        ("Fast Mix II", {}, True),
        ("Midnight Drive", {}, True),
    ],
)
def test_a_name_stays_true_while_half_of_it_is_heard(name: str, above: dict[str, float], true: bool) -> None:
    assert is_true_of(name, portrait({}, above)) is true


@given(portraits)
def test_a_new_name_is_true(one: Portrait) -> None:
    assert is_true_of(name_groups([one])[0], one)


def test_a_name_says_mood_style_and_genre() -> None:
    folk = portrait(
        {"folk": 0.4, "acoustic": 0.3, "Mellow": 0.2, "pop": 0.3},
        {"folk": 1.5, "acoustic": 1.2, "Mellow": 1.1, "pop": -0.5},
    )
    assert name_groups([folk]) == ["Mellow Acoustic Folk"]


def test_what_is_everywhere_in_the_library_names_nothing() -> None:
    metal = portrait({"rock": 0.5, "metal": 0.2}, {"rock": 0.1, "metal": 2.0})
    assert name_groups([metal]) == ["Metal"]


def test_what_is_hardly_heard_names_nothing_either() -> None:
    jazz = portrait({"jazz": 0.3, "country": 0.001}, {"jazz": 1.0, "country": 1.5})
    assert name_groups([jazz]) == ["Jazz"]


def test_nothing_is_said_twice() -> None:
    ambient = portrait({"ambient": 0.5, "experimental": 0.2})
    assert name_groups([ambient]) == ["Experimental Ambient"]
    funk = portrait(
        {"funk": 0.5, "electronic": 0.1, "electronica": 0.4},
        {"funk": 2, "electronica": 2.5, "electronic": 1.0},
    )
    assert name_groups([funk]) == ["Funky Electronica"]


def test_where_nothing_stands_out_a_name_is_found() -> None:
    assert name_groups([portrait(), portrait(), portrait(tempo=150.0)]) == ["Mix", "Mix II", "Fast Mix"]


def test_groups_that_sound_alike_are_told_apart_by_what_is_next_clearest() -> None:
    one = portrait({"jazz": 0.4, "instrumental": 0.3, "60s": 0.2, "acoustic": 0.2}, moods={"relaxed": 1.0})
    assert name_groups([one] * 4) == [
        "Relaxed Instrumental Jazz",
        "Relaxed Acoustic Jazz",
        "Instrumental Jazz",
        "Relaxed Jazz",
    ]
    assert "60s Relaxed Instrumental Jazz" in name_groups([one] * 9)


def test_names_that_are_kept_or_taken_are_not_given_again() -> None:
    jazz = portrait({"jazz": 0.4})
    assert name_groups([jazz, jazz], kept={1: "Jazz"}) == ["Jazz II", "Jazz"]
    assert name_groups([jazz], taken=["jazz", "JAZZ ii"]) == ["Jazz III"]


def test_a_template_decides_what_is_said() -> None:
    disco = portrait({"dance": 0.4, "70s": 0.2, "female vocalists": 0.3}, tempo=150.0, energy=1.0)
    template = "{era} {genre}, {tempo} ({energy}) {voices}"
    assert name_groups([disco], template=template) == ["70s Dance, Fast (Energetic) Female Voices"]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{colour} {genre}", "know no field colour"),
        ("{genre", "cannot be read"),
        ("Mine", "at least one of"),
        ("{0}", "know no field 0"),
        ("{genre.x}", "know no field genre.x"),
    ],
)
def test_a_template_that_makes_no_sense_is_refused(template: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_template(template)


@settings(max_examples=50)
@given(st.lists(portraits, max_size=12), st.sets(st.sampled_from(["Mix", "Jazz", "Happy Rock"])))
def test_names_are_unique_readable_and_stable(groups: list[Portrait], taken: set[str]) -> None:
    names = name_groups(groups, taken=taken)
    folded = [name.casefold() for name in (*names, *taken)]
    assert len(set(folded)) == len(folded)
    assert names == name_groups(groups, taken=taken)
    for name in names:
        assert name == " ".join(name.split())
        assert name
        assert "_" not in name
        words = name.split()
        assert len(set(words)) == len(words)


@given(st.lists(portraits, min_size=1, max_size=6), st.data())
def test_a_kept_name_stays_whatever_the_group_sounds_like_now(
    groups: list[Portrait], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(groups) - 1))
    names = name_groups(groups, kept={place: "Grandma's Kitchen"})
    assert names[place] == "Grandma's Kitchen"


def test_every_tag_has_a_word() -> None:
    spoken = {*GENRES, *STYLES, *MOOD_TAGS, *ERAS, *VOICES, "oldies"}
    assert set(MODEL_TAGS) <= spoken
    assert spoken <= set(MODEL_TAGS)
    assert FIELDS


def test_numerals() -> None:
    assert [numeral(number) for number in (2, 4, 9, 14, 19)] == ["II", "IV", "IX", "XIV", "XIX"]
