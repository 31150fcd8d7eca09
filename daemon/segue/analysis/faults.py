"""What ONNX Runtime raises; its errors have no class of their own in common."""

from onnxruntime.capi import onnxruntime_pybind11_state as runtime

FAULTS = (
    runtime.EPFail,
    runtime.Fail,
    runtime.InvalidArgument,
    runtime.InvalidGraph,
    runtime.InvalidProtobuf,
    runtime.ModelLoaded,
    runtime.NoModel,
    runtime.NoSuchFile,
    runtime.NotImplemented,
    runtime.RuntimeException,
)
