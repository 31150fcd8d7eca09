"""What is wrong with settings, as sentences that name where each came from and show no value."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from pydantic import BaseModel, ValidationError

from segue.settings.fields import is_section
from segue.settings.layers import PREFIX, Layer, Location, variable

_ALIKE = 0.7


def sentences(error: ValidationError, model: type[BaseModel], layers: Sequence[Layer]) -> list[str]:
    """One sentence per problem and origin; `layers` from the weakest to the strongest."""
    known = list(known_locations(model))
    found: list[str] = []
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        location = tuple(str(part) for part in detail["loc"])
        if detail["type"] == "extra_forbidden":
            found += [_unknown(origin, where, known) for where, origin in _origins(location, layers)]
        else:
            found.append(_invalid(location, detail["type"], detail["msg"], layers))
    return found


def known_locations(model: type[BaseModel], above: Location = ()) -> Iterator[Location]:
    """Every setting that has a fixed name."""
    for name, field in model.model_fields.items():
        if is_section(field.annotation):
            yield from known_locations(field.annotation, (*above, name))
        else:
            yield (*above, name)


def _unknown(origin: str, location: Location, known: Sequence[Location]) -> str:
    sentence = f"{origin} is not a setting"
    best = max(known, key=lambda candidate: _likeness(location, candidate))
    if _likeness(location, best) < _ALIKE:
        return f"{sentence}; `segue settings reference` lists them all."
    meant = variable(best) if origin.startswith(PREFIX) else ".".join(best)
    return f"{sentence}; did you mean `{meant}`?"


def _likeness(unknown: Location, candidate: Location) -> float:
    """Alike as a whole, or alike in the last word but in another table."""
    whole = SequenceMatcher(a=_plain(unknown), b=_plain(candidate)).ratio()
    last = SequenceMatcher(a=unknown[-1], b=candidate[-1]).ratio()
    return max(whole, last - 0.1)


def _plain(location: Location) -> str:
    return "_".join(part for part in location if part)


def _invalid(location: Location, kind: str, message: str, layers: Sequence[Layer]) -> str:
    if location[-1] == "[key]":
        *_, name = location[:-1]
        return (
            f"`{name}` cannot name a server ({_winner(location[:-1], layers)}): use lower-case letters, "
            "digits, `-` and `_`, beginning with a letter or digit."
        )
    if kind == "missing":
        return f"`{'.'.join(location)}` is missing ({_winner(location[:-1], layers)} needs it)."
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return f"{_winner(location, layers)} must be a table, not a single value."
    return f"{_winner(location, layers)} {_requirement(message)}."


def _requirement(message: str) -> str:
    for beginning in ("Value error, ", "Assertion failed, "):
        message = message.removeprefix(beginning)
    for wordy, plain in (("Input should be ", "must be "), ("Input should have ", "must have ")):
        message = message.replace(wordy, plain)
    return message[:1].lower() + message[1:]


def _winner(location: Location, layers: Sequence[Layer]) -> str:
    origins = list(_origins(location, layers))
    return origins[-1][1] if origins else f"`{'.'.join(location)}`"


def _origins(location: Location, layers: Sequence[Layer]) -> Iterator[tuple[Location, str]]:
    for layer in layers:
        for where, origin in layer.origins.items():
            if where[: len(location)] == location or location[: len(where)] == where:
                yield where, origin
