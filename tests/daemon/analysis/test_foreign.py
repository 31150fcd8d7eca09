"""Other people's models are told by their tensors, and bad files are refused with a sentence."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from segue.analysis.child import hear as hear_in_child
from segue.analysis.child import inspect
from segue.analysis.foreign import ModelError, open_folder, open_foreign
from segue.analysis.wire import reply_to_analysis, request_for
from segue.model import Quality
from tests.daemon.analysis.sounds import song, write_wav


def write_model(
    path: Path,
    *,
    reads: list[int | str],
    outputs: dict[str, int],
    name: str = "model/Placeholder",
    value: float = 1.0,
) -> Path:
    """A model whose outputs are sums over its input times a value."""
    nodes, weights = [helper.make_node("Flatten", [name], ["flat"])], []
    width = int(np.prod([size for size in reads[1:] if isinstance(size, int)]))
    for number, (output, size) in enumerate(outputs.items()):
        matrix = np.full((width, size), value, np.float32)
        weights.append(numpy_helper.from_array(matrix, f"w{number}"))
        nodes.append(helper.make_node("MatMul", ["flat", f"w{number}"], [output]))
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, reads)],
        [helper.make_tensor_value_info(o, TensorProto.FLOAT, [reads[0], n]) for o, n in outputs.items()],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize(
    ("reads", "outputs", "kind", "source", "size"),
    [
        (["n", 187, 96], {"model/dense/BiasAdd": 200}, "embedding", "patches", 200),
        ([1, 187, 96], {"model/dense/BiasAdd:0": 200}, "embedding", "patches", 200),
        (["n", 187, 96], {"model/Sigmoid": 50, "model/dense/BiasAdd": 200}, "embedding", "patches", 200),
        (["n", 187, 96], {"embedding": 128, "activations": 50}, "embedding", "patches", 128),
        (["n", 187, 96], {"model/Sigmoid": 50}, "head", "patches", 50),
        (["n", 200], {"model/Softmax": 2}, "head", "embeddings", 2),
    ],
)
def test_kinds_are_told_by_names_and_shapes(
    tmp_path: Path, reads: list[int | str], outputs: dict[str, int], kind: str, source: str, size: int
) -> None:
    model = open_foreign(write_model(tmp_path / "mine.onnx", reads=reads, outputs=outputs))
    assert (model.name, model.kind, model.reads, model.size) == ("mine", kind, source, size)
    row = (3, 187, 96) if source == "patches" else (3, 200)
    assert model(np.ones(row, np.float32)).shape == (3, size)


def test_bad_files_are_refused_with_a_sentence(tmp_path: Path) -> None:
    write_model(tmp_path / "other.onnx", reads=["n", 128, 64], outputs={"y": 10})
    write_model(tmp_path / "several.onnx", reads=["n", 200], outputs={"a": 2, "b": 2})
    write_model(tmp_path / "endless.onnx", reads=["n", 200], outputs={"a": 2}, value=np.nan)
    (tmp_path / "text.onnx").write_text("This is a letter.")
    (tmp_path / "empty.onnx").write_bytes(b"")
    write_model(tmp_path / "good.onnx", reads=["n", 200], outputs={"y": 2})
    models, refused = open_folder(tmp_path)
    assert [model.name for model in models] == ["good"]
    assert "patches of 187 x 96" in refused["other"]
    assert "but has: a, b" in refused["several"]
    assert "finite" in refused["endless"]
    assert all("no ONNX model" in refused[name] for name in ("text", "empty"))
    with pytest.raises(ModelError, match="cannot be read"):
        open_foreign(tmp_path / "gone.onnx")


def test_a_child_hears_with_every_model_of_the_folder(tmp_path: Path) -> None:
    file = write_wav(tmp_path / "song.wav", song(seconds=8))
    models = tmp_path / "models"
    models.mkdir()
    plain = reply_to_analysis(hear_in_child(request_for(str(file), quality=Quality.FULL, models=str(models))))
    assert plain.spaces == plain.heads == {}
    write_model(models / "space.onnx", reads=["n", 187, 96], outputs={"embedding": 16})
    write_model(models / "mood.onnx", reads=["n", 200], outputs={"y": 2}, value=1 / 200)
    (models / "broken.onnx").write_text("no")
    heard = reply_to_analysis(hear_in_child(request_for(str(file), quality=Quality.FULL, models=str(models))))
    assert (list(heard.spaces), list(heard.heads)) == (["space"], ["mood"])
    assert heard.spaces["space"].shape == (16,)
    np.testing.assert_allclose(heard.heads["mood"], heard.embedding.mean(), rtol=1e-4)
    np.testing.assert_array_equal(heard.embedding, plain.embedding)


def test_a_folder_is_told_in_plain_words(tmp_path: Path) -> None:
    write_model(tmp_path / "mood.onnx", reads=["n", 200], outputs={"y": 2})
    (tmp_path / "broken.onnx").write_text("no")
    told = inspect({"folder": str(tmp_path)})
    assert told["models"] == [{"name": "mood", "kind": "head", "reads": "embeddings", "size": 2}]
    assert list(told["refused"]) == ["broken"]
