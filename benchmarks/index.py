"""How fast and how right the index is, as a markdown table: python benchmarks/index.py [--sizes 10000 100000]

Every row is a process of its own that holds the vectors of so many recordings (benchmarks/indexing/vectors.py
says how they mimic real ones), asks single queries one after another, and adds while it goes on. Rivals
take part when they are installed: pip install hnswlib usearch faiss-cpu.
"""

import argparse
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from indexing.measuring import measure
from indexing.rivals import OURS, RIVALS

_COLUMNS = (
    ("method", "index"), ("recall_10", "recall@10"), ("recall_50", "recall@50"), ("p50", "p50 ms"),
    ("p99", "p99 ms"), ("qps", "queries/s"), ("build", "build CPU-s"), ("add", "add ms"),
    ("heap", "B/recording"), ("mapped", "B/recording in a file"), ("start", "start s"),
)  # fmt: skip


def main() -> None:
    arguments = _arguments()
    if arguments.one:
        print(json.dumps(measure(arguments.one, arguments.sizes[0], arguments.queries, arguments.keep)))
        return
    for size in arguments.sizes:
        print(f"\n{size:,} recordings, one query at a time, on one thread\n")
        print("| " + " | ".join(title for _, title in _COLUMNS) + " |")
        print("|" + " --- |" * len(_COLUMNS))
        for method in arguments.methods:
            row = _apart(method, size, arguments.queries, arguments.keep)
            print("| " + " | ".join(str(row.get(name, "")) for name, _ in _COLUMNS) + " |", flush=True)


def _apart(method: str, size: int, queries: int, keep: Path | None) -> dict[str, object]:
    command = [sys.executable, __file__, "--one", method, "--sizes", str(size), "--queries", str(queries)]
    command += ["--keep", str(keep)] if keep else []
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        return {"method": method, "recall_10": last}
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000])
    parser.add_argument("--queries", type=int, default=1000)
    installed = [*OURS, *(name for name, module in RIVALS.items() if find_spec(module))]
    parser.add_argument("--methods", nargs="+", default=installed)
    parser.add_argument(
        "--keep", type=Path, help="keep our graphs here; the next run loads them, so `build` is the load"
    )
    parser.add_argument("--one", help="measure one index in this process and print JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
