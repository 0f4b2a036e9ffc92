"""Frames rendered per second on one core, compression included: python benchmarks/render.py [FRAMES]"""

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from g2rl.synthetic.dataset import render_sequence
from g2rl.synthetic.head import cut_head


def main() -> None:
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        head, root = Path(folder, "head.npz"), Path(folder, "raw")
        start = time.process_time()
        cut_head(head)
        print(f"cut_head: {time.process_time() - start:.2f} s")
        for layout, sequence, subject in (("bp4d", "F001_T1", "F001"), ("disfa", "SN001", "SN001")):
            seconds = []
            for count in (1, frames + 1):
                cpu, wall = time.process_time(), time.perf_counter()
                render_sequence(head, layout, root, sequence, subject, count, seed=0)
                seconds.append((time.process_time() - cpu, time.perf_counter() - wall))
            cpu, wall = (after - before for before, after in zip(*seconds, strict=True))
            print(
                f"{layout}: {frames / cpu:.1f} frames/s of CPU time, {frames / wall:.1f} wall-clock; "
                f"{seconds[0][0]:.2f} s to set up a sequence and its first frame"
            )


if __name__ == "__main__":
    main()
