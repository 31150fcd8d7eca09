"""Makes our ONNX files from the published `musicnn` wheel, without TensorFlow."""
