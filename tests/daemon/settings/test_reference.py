from pathlib import Path

from segue.settings.fields import ServerSection, Settings
from segue.settings.layers import variable
from segue.settings.problems import known_locations
from segue.settings.reference import reference

_PAGE = Path(__file__).parents[3] / "docs/reference/settings.md"


def test_page_is_what_the_command_prints() -> None:
    assert _PAGE.read_text() == reference(), "run `segue settings reference > docs/reference/settings.md`"


def test_every_setting_is_documented_with_one_sentence() -> None:
    page = reference()
    for location in known_locations(Settings):
        if location != ("servers",):
            assert f"- Variable: `{variable(location)}`" in page
    for model in (Settings, ServerSection):
        for name, field in model.model_fields.items():
            assert field.description and field.description.endswith("."), name
