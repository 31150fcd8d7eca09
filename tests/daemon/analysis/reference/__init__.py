"""What the published network says, stored as figures.

`original.npz` holds `embedding` [12, 200] (`model/dense/BiasAdd`) and `tags` [12, 50]
(`model/Sigmoid`) of the patches of `pieces.PIECES` in order. They were made by TensorFlow 2.21.0
from the graph (`.meta`) and the variables in the wheel musicnn 0.1.0, on log-mel patches by
librosa 0.11.0, with the command at the head of `benchmarks/analysis_reference.py` and `--store`.
"""
