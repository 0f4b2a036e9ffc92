"""Intensities of copies of one clip as people bring them, compared with those of the clip itself.

    python benchmarks/inputs.py MODEL VIDEO     # writes docs/evidence/copies.md

MODEL is from ``g2rl train``, VIDEO a rendered clip of a subject that it was not trained on. A plain H.264
copy gives the noise of coding.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import pandas as pd

from g2rl import AUEstimator

FRAMES = 24
FIRST = 12  # the trimmed copy begins after this many
H264 = "-c:v libx264 -crf 18 -pix_fmt yuv420p"
COPIES = {  # name: file, options before the input, options after it; of the clip, or of the plain copy
    "H.264 (coding noise)": ("plain.mp4", "", f"{H264} -g 20"),
    "interlaced H.264 (.mts)": ("tff.mts", "", f"{H264} -flags +ilme+ildct -x264opts tff=1"),
    "interlaced MPEG-2": (
        "fields.mpg",
        "",
        "-c:v mpeg2video -q:v 2 -r 25 -vf setpts=N/25/TB -flags +ilme+ildct",
    ),
    "DV (PAL, interlaced, 16:15)": (
        "dv.avi",
        "",
        "-vf scale=720:576,setpts=N/25/TB -r 25 -c:v dvvideo -pix_fmt yuv420p",
    ),
    "AV1": ("av1.mp4", "", "-c:v libaom-av1 -cpu-used 8 -crf 20 -pix_fmt yuv420p"),
    "trimmed, edit list": ("cut.mp4", f"-ss {FIRST / 20}", "-c copy"),
    "pixels 2:1": ("wide.mp4", "", f"-vf scale=iw/2:ih,setsar=2 {H264}"),
    "turned by 90°": ("90.mp4", "-display_rotation 90", "-c copy"),
}


def ffmpeg(*words: str) -> None:
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *words], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("video", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    estimator = AUEstimator(options.model)
    lines = [
        "| copy | rows | faces | mean difference | largest | of coding noise |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = folder / "clip.mkv"
        ffmpeg("-i", str(options.video), "-frames:v", str(FRAMES), *["-c:v", "ffv1"], str(clip))
        original, noise = estimator.predict(clip, single=True), 0.0
        for copy, (file, before, after) in COPIES.items():
            source = clip
            if "-c copy" in after:
                source = folder / "plain.mp4"
            if copy.startswith("turned"):  # stored lying, so that it is shown upright
                source = folder / "lying.mp4"
                ffmpeg("-i", str(clip), *f"-vf transpose=clock {H264}".split(), str(source))
            ffmpeg(*before.split(), "-i", str(source), *after.split(), str(folder / file))
            table = estimator.predict(folder / file, single=True)
            off = differences(table, original.iloc[FIRST:] if "-ss" in before else original)
            noise = noise or float(off.mean())
            faces = table["face_id"].notna().sum()
            lines.append(
                f"| {copy} | {len(table)} | {faces} | {off.mean():.4f} | {off.max():.3f} "
                f"| {off.mean() / noise:.1f} |"
            )
            print(lines[-1], flush=True)
    Path("docs/evidence/copies.md").write_text(
        PAGE.format(table="\n".join(lines), count=FRAMES), encoding="utf-8"
    )


def differences(table: pd.DataFrame, original: pd.DataFrame) -> np.ndarray:
    """Of the intensities of each frame and AU."""
    aus = [column for column in original if column.startswith("AU")]
    assert len(table) == len(original), (len(table), len(original))
    return np.abs(table[aus].to_numpy() - original[aus].to_numpy())


PAGE = """# Intensities of copies of one clip

A rendered clip of {count} frames, 1024×768 pixels, and copies as people bring them. Difference: of the
intensities (0–5) to those of the clip itself, over all frames and AUs. The first copy, H.264 at CRF 18, gives
the noise of coding; the copy with pixels 2:1 has half the columns, DV is 720×576.
`python benchmarks/inputs.py MODEL VIDEO` writes this page.

{table}
"""


if __name__ == "__main__":
    main()
