"""A small ONNX graph builder whose output depends on its input alone."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, checker, helper, numpy_helper

_OPSET, _IR_VERSION = 17, 8

Shapes = Mapping[str, Sequence[int | str]]


class Graph:
    """Every `op` adds one node and returns the name of its output."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, TensorProto] = {}

    def constant(self, name: str, array: npt.ArrayLike) -> str:
        value = np.asarray(array)
        dtype = np.float32 if value.dtype.kind == "f" else np.int64
        self._constants[name] = numpy_helper.from_array(np.array(value, dtype, order="C"), name)
        return name

    def op(self, kind: str, *inputs: str, out: str | None = None, **attributes: int | list[int]) -> str:
        number = len(self._nodes) + 1
        out = out or f"{kind.lower()}_{number}"
        self._nodes.append(_node(kind, inputs, out, f"n{number}", attributes))
        return out

    def model(self, name: str, *, inputs: Shapes, outputs: Shapes, notes: dict[str, str]) -> ModelProto:
        graph = helper.make_graph(
            self._nodes, name, _values(inputs), _values(outputs), list(self._constants.values())
        )
        opsets = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="segue", ir_version=_IR_VERSION)
        helper.set_model_props(model, notes)
        checker.check_model(model, full_check=True)
        return model


def _node(
    kind: str, inputs: Sequence[str], out: str, name: str, attributes: Mapping[str, int | list[int]]
) -> NodeProto:
    node = helper.make_node(kind, inputs, [out], name=name)
    node.attribute.extend(helper.make_attribute(key, attributes[key]) for key in sorted(attributes))
    return node


def _values(shapes: Shapes) -> list[ValueInfoProto]:
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
