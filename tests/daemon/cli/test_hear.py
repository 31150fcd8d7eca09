import json
import math
import wave
from array import array
from pathlib import Path

import pytest

from segue.model import MODEL_TAGS
from tests.daemon.analysis.test_foreign import write_model
from tests.daemon.cli.conftest import Run

KEYS = {
    "file", "error", "quality", "duration", "tempo", "key", "scale", "energy", "loudness", "moods", "tags",
    "embedding", "heads", "spaces",
}  # fmt: skip


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "a sound.wav"
    beats = (math.sin(0.17 * i) * math.exp(-(i % 8000) / 2000) for i in range(16000 * 8))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(array("h", (int(20000 * beat) for beat in beats)).tobytes())
    return path


def test_json_has_every_key_for_every_file(segue: Run, sound: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.mp3"
    text.write_text("no music")
    outcome = segue("hear", "--json", str(text), str(sound), str(tmp_path / "none.mp3"), str(sound))
    assert outcome.status == 1
    broken, heard, gone, again = json.loads(outcome.out)
    assert {frozenset(one) for one in (broken, heard, gone, again)} == {frozenset(KEYS)}
    assert heard["error"] is None
    assert heard["duration"] == pytest.approx(8.0, abs=0.1)
    assert len(heard["embedding"]) == 200
    assert tuple(heard["tags"]) == MODEL_TAGS
    assert set(heard["moods"]) == {"danceable", "aggressive", "happy", "party", "relaxed", "sad"}
    assert heard["quality"] == "balanced"
    assert again == heard
    assert heard["heads"] == heard["spaces"] == {}
    for failed in (broken, gone):
        assert failed["error"] and failed["embedding"] is None


def test_other_peoples_models_hear_too(segue: Run, sound: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "wide.onnx", reads=["n", 187, 96], outputs={"embedding": 16})
    write_model(tmp_path / "mood.onnx", reads=["n", 200], outputs={"y": 2}, value=1 / 200)
    outcome = segue("hear", "--models", str(tmp_path), "--json", str(sound))
    [heard] = json.loads(outcome.out)
    assert heard["heads"] == {"mood": pytest.approx([sum(heard["embedding"]) / 200] * 2, rel=1e-3)}
    assert {name: len(vector) for name, vector in heard["spaces"].items()} == {"wide": 16}


def test_text_for_people(segue: Run, sound: Path) -> None:
    outcome = segue("hear", "--quality", "fast", str(sound))
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.splitlines()[0] == str(sound)
    assert "duration  8 s" in outcome.out
    assert "tags" in outcome.out


def test_needs_a_file(segue: Run) -> None:
    assert segue("hear").status == 2
