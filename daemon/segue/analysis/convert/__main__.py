"""`python -m segue.analysis.convert WHEEL OUT`: writes the ONNX files that ship with Segue."""

import argparse
import sys
from pathlib import Path

from segue.analysis.convert.musicnn import build
from segue.analysis.convert.wheel import WHEEL, read_wheel


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m segue.analysis.convert", description=__doc__)
    parser.add_argument("wheel", type=Path, help=f"pip download --no-deps musicnn==0.1.0 ({WHEEL})")
    parser.add_argument("out", type=Path, help="folder for the ONNX files")
    parser.add_argument("--keep-dead", action="store_true", help="keep switched-off filters in the graph")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    models = build(read_wheel(arguments.wheel), keep_dead=arguments.keep_dead)
    for name, model in models.items():
        path = arguments.out / f"{name}.onnx"
        size = path.write_bytes(model.SerializeToString(deterministic=True))
        sys.stdout.write(f"{path}\t{size} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
