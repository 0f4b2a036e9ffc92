"""The kinds of videos, see ``tests.data.media``."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from tests.data.avi import chunk, movie_chunks
from tests.data.media import ALL, PREFIX, SOME, Kind, N, ffmpeg, grey, scaled

H264 = "-c:v libx264 -preset veryfast -crf 10 -pix_fmt yuv420p"
Make = Callable[[Path, Path], None]


def coded(options: str) -> Make:
    """Encoded from the clip."""
    return lambda path, clip: ffmpeg("-i", clip, *options.split(), "-threads", "1", path)


def copied(first: str, before: str, after: str = "", suffix: str = ".mp4") -> Make:
    """Encoded, then copied with other options: those before the input, and those after it."""

    def make(path: Path, clip: Path) -> None:
        middle = path.with_name(f"middle of {path.stem}{suffix}")
        coded(first)(middle, clip)
        ffmpeg(*before.split(), "-i", middle, *["-map", "0", "-c", "copy"], *after.split(), path)

    return make


def damaged(make: Make, harm: Callable[[bytes], bytes]) -> Make:
    def made(path: Path, clip: Path) -> None:
        make(path, clip)
        path.write_bytes(harm(path.read_bytes()))

    return made


def kept(share: float) -> Callable[[bytes], bytes]:
    return lambda data: data[: int(len(data) * share)]


def written(data: bytes) -> Make:
    def make(path: Path, clip: Path) -> None:
        path.write_bytes(data)

    return make


def with_audio(options: str, order: str) -> Make:
    tone = ["-f", "lavfi", "-i", "sine=duration=1"]
    return lambda path, clip: ffmpeg(
        "-i", clip, *tone, *order.split(), *options.split(), "-threads", "1", path
    )


def with_cover(path: Path, clip: Path) -> None:
    cover = path.with_name("cover.png")
    ffmpeg("-i", clip, *["-frames:v", "1", "-vf", "scale=640:480"], cover)
    order = f"-map 1 -map 0 {H264} -c:v:0 png -disposition:v:0 attached_pic"
    ffmpeg("-i", clip, "-i", cover, *order.split(), path)


def without_packet(number: int) -> Make:
    """One packet of many that no other depends on, overwritten."""

    def make(path: Path, clip: Path) -> None:
        coded("-c:v png -pix_fmt rgb24")(path, clip)
        with av.open(str(path)) as container:
            packet = [packet for packet in container.demux(video=0) if packet.size][number - 1]
            start, size = packet.pos, packet.size
        data = bytearray(path.read_bytes())
        data[start : start + size] = bytes(size)
        path.write_bytes(data)

    return make


def with_dropped_frames(path: Path, clip: Path) -> None:
    """Frames 7 and 8 are empty chunks, as cameras write them."""
    coded(JPEG)(path, clip)
    data = path.read_bytes()
    start, _, chunks = movie_chunks(data)
    chunks[6] = chunks[7] = chunk(b"00dc", b"")
    path.write_bytes(data[:start] + chunk(b"LIST", b"movi" + b"".join(chunks)))


def renamed(path: Path, clip: Path) -> None:
    """FFmpeg itself would take such a name for an address and a pattern."""
    coded(H264)(path.with_name("ab.mp4"), clip)
    path.with_name("ab.mp4").rename(path)


def turned(quarters: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda frame: np.ascontiguousarray(np.rot90(frame, quarters))


def plain(name: str, file: str, options: str, psnr: float = 34) -> Kind:
    return Kind(name, file, coded(options), psnr=psnr)


MPEG2 = "-c:v mpeg2video -q:v 2 -pix_fmt yuv420p -r 25"  # 25: it has no 20 frames per second
FIELDS = "-flags +ilme+ildct"
DV = "-vf scale=720:576,setpts=N/25/TB -r 25 -c:v dvvideo -pix_fmt yuv420p"
H265 = "-c:v libx265 -preset veryfast -crf 10 -x265-params log-level=none -pix_fmt yuv420p"
VP9 = "-c:v libvpx-vp9 -crf 10 -b:v 0 -deadline realtime -cpu-used 8"
BT709 = "-colorspace bt709 -color_primaries bt709 -color_trc bt709"
JPEG = "-c:v mjpeg -q:v 2 -pix_fmt yuvj420p"
AV1 = "-c:v libaom-av1 -cpu-used 8 -crf 12 -pix_fmt yuv420p"
AUDIO_ONLY = "no video in this file, but audio"
NO_VIDEO = "not a readable video"

VIDEOS = [
    plain("H.264 in MP4", "h264.mp4", H264),
    plain("H.264 in QuickTime", "h264.mov", H264),
    plain("H.264 in Matroska", "h264.mkv", H264),
    plain("H.264 in M4V", "h264.m4v", H264),
    plain("H.264 in MPEG-TS", "h264.ts", H264),
    plain("H.264 in FLV", "h264.flv", H264),
    plain("H.264 in 3GP", "h264.3gp", H264),
    plain("H.264 in AVI", "h264.avi", f"{H264} -bf 0"),
    plain("H.264 without a container", "raw.h264", H264),
    plain("H.264 with many B-frames", "b.mp4", f"{H264} -bf 5"),
    plain("H.265 in MP4", "hevc.mp4", H265),
    plain("AV1 in MP4", "av1.mp4", AV1),
    plain("AV1 in Matroska", "av1.mkv", AV1),
    plain("VP8 in WebM", "vp8.webm", "-c:v libvpx -b:v 2M -deadline realtime -cpu-used 8 -auto-alt-ref 1"),
    plain("VP9 in WebM", "vp9.webm", VP9),
    plain("MPEG-1", "mpeg1.mpg", "-c:v mpeg1video -q:v 2 -r 25 -vf setpts=N/25/TB", 26),
    plain("MPEG-2 in MPEG-PS", "mpeg2.mpg", f"-vf setpts=N/25/TB {MPEG2}", 32),
    plain("MPEG-2 of a DVD", "mpeg2.vob", f"-vf setpts=N/25/TB {MPEG2} -f vob", 32),
    plain("MPEG-4 in AVI, as DivX", "mpeg4.avi", "-c:v mpeg4 -q:v 2", 32),
    plain("MPEG-4 with B-frames in AVI", "mpeg4b.avi", "-c:v mpeg4 -q:v 2 -bf 2", 32),
    plain("MPEG-4 in MP4", "mpeg4.mp4", "-c:v mpeg4 -q:v 2", 32),
    plain("Motion JPEG in AVI", "mjpeg.avi", JPEG, 32),
    plain("Motion JPEG in QuickTime", "mjpeg.mov", JPEG, 32),
    plain("Motion JPEG in Matroska", "mjpeg.mkv", "-c:v mjpeg -q:v 2 -pix_fmt yuvj422p", 32),
    plain("Cinepak, as DISFA's", "cinepak.avi", "-c:v cinepak -q:v 1", 24),
    plain("Windows Media Video", "wmv2.wmv", "-c:v wmv2 -q:v 2", 28),
    plain("ASF", "msmpeg4.asf", "-c:v msmpeg4 -q:v 2", 22),
    plain("Theora", "theora.ogv", "-c:v libtheora -q:v 10", 32),
    plain("ProRes", "prores.mov", "-c:v prores_ks -profile:v 3", 36),
    plain("FFV1", "ffv1.mkv", "-c:v ffv1 -pix_fmt bgr0", 60),
    plain("Huffyuv", "huffyuv.avi", "-c:v huffyuv -pix_fmt rgb24", 60),
    plain("uncompressed", "raw.avi", "-c:v rawvideo -pix_fmt bgr24", 60),
    plain("YUV4MPEG2", "plain.y4m", "-pix_fmt yuv444p", 40),
    plain("animated GIF", "moving.gif", "", 19),
    plain("10 bits", "ten.mp4", H264.replace("yuv420p", "yuv420p10le")),
    plain("4:2:2", "422.mp4", H264.replace("yuv420p", "yuv422p")),
    plain("4:4:4", "444.mp4", H264.replace("yuv420p", "yuv444p")),
    plain("full range", "full.mp4", H264.replace("yuv420p", "yuvj420p")),
    plain("BT.709", "hd.mp4", f"-vf scale=out_color_matrix=bt709 {H264} {BT709}"),
    Kind("grey", "grey.mkv", coded("-c:v ffv1 -pix_fmt gray"), shown=grey, psnr=45),
    plain("transparent VP9", "alpha.webm", f"{VP9} -pix_fmt yuva420p"),
    plain("transparent ProRes", "alpha.mov", "-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le", 36),
    Kind(
        "odd size",
        "odd.mkv",
        coded("-vf crop=95:79:0:0 -c:v ffv1 -pix_fmt yuv420p"),
        shown=lambda f: f[:79, :95],
        psnr=30,
    ),
    Kind(
        "interlaced, top field first (AVCHD)",
        "tff.MTS",
        coded(f"{H264} {FIELDS} -x264opts tff=1 -f mpegts"),
        psnr=34,
    ),
    Kind("interlaced, bottom field first", "bff.mts", coded(f"{H264} {FIELDS} -x264opts bff=1"), psnr=34),
    plain("interlaced MPEG-2", "fields.mpg", f"-vf setpts=N/25/TB {MPEG2} {FIELDS} -top 1", 32),
    Kind("DV in AVI (PAL, interlaced, 16:15)", "dv.avi", coded(DV), ALL, scaled(768, 576), 28),
    Kind("DV", "tape.dv", coded(DV), ALL, scaled(768, 576), 28),
    Kind(
        "two moments per frame",
        "moments.mts",
        coded(f"-vf tinterlace=interleave_top {H264} {FIELDS} -x264opts tff=1"),
        ALL[::2],
        psnr=18,
    ),
    Kind("pixels twice as wide as high", "wide.mp4", coded(f"-vf scale=iw/2:ih,setsar=2 {H264}"), psnr=24),
    Kind("pixels twice as high as wide", "high.mp4", coded(f"-vf scale=iw:ih/2,setsar=1/2 {H264}"), psnr=24),
    Kind("turned by 90°", "90.mp4", copied(H264, "-display_rotation 90"), shown=turned(1), psnr=34),
    Kind("turned by 180°", "180.mov", copied(H264, "-display_rotation 180"), shown=turned(2), psnr=34),
    Kind("turned by 270°", "270.mp4", copied(H264, "-display_rotation 270"), shown=turned(3), psnr=34),
    Kind(
        "Motion JPEG turned by 90°",
        "90j.mov",
        copied(JPEG, "-display_rotation 90", "", ".mov"),
        shown=turned(1),
        psnr=32,
    ),
    Kind("mirrored", "mirror.mp4", copied(H264, "-display_hflip"), shown=lambda f: f[:, ::-1], psnr=34),
    Kind(
        "trimmed without encoding (MP4)",
        "cut.mp4",
        copied(f"{H264} -g 10 -sc_threshold 0", "-ss 0.35"),
        ALL[7:],
        psnr=34,
    ),
    Kind(
        "trimmed without encoding (QuickTime)",
        "cut.mov",
        copied(f"{H264} -g 20 -bf 0 -sc_threshold 0", "-ss 0.35"),
        ALL[7:],
        psnr=34,
    ),
    Kind(
        "variable frame rate",
        "vfr.mkv",
        coded(f"-vf setpts='if(lt(N,10),N/20,0.5+(N-10)/10)/TB' -fps_mode passthrough {H264}"),
        psnr=34,
        times=[k / 20 for k in range(10)] + [0.5 + k / 10 for k in range(10)],
    ),
    Kind(
        "29.97 frames per second",
        "ntsc.mkv",
        coded(f"-vf setpts=N*1001/30000/TB -r 30000/1001 {H264}"),
        psnr=34,
        times=[k * 1.001 / 30 for k in range(N)],
    ),
    Kind("dropped frames in AVI", "drop.avi", with_dropped_frames, [*ALL[:6], None, None, *ALL[8:]], psnr=32),
    plain("fragmented MP4", "fragments.mp4", f"{H264} -g 5 -movflags frag_keyframe+empty_moov"),
    plain("fragmented MP4 after a common start", "hybrid.mp4", f"{H264} -g 5 -movflags frag_keyframe"),
    Kind("sound before video", "sound.mp4", with_audio(f"{H264} -c:a aac", "-map 1:a -map 0:v"), psnr=34),
    Kind("cover art before video", "cover.mp4", with_cover, psnr=34),
    Kind(
        "two videos, the first smaller",
        "two.mkv",
        coded(f"-map 0 -map 0 {H264} -filter:v:0 scale=32:32 -disposition:v 0"),
        psnr=34,
    ),
    Kind("a single frame", "one.mp4", coded(f"-frames:v 1 {H264}"), [1], psnr=34),
    Kind("upper-case suffix, blanks and umlauts", "Ünser Film.MP4", coded(H264), psnr=34),
    Kind("a colon and a percent sign in the name", "a:b %03d.mp4", renamed, psnr=34),
    Kind("MP4 named .avi", "named.avi", coded(f"{H264} -f mp4"), psnr=34),
    Kind("one damaged frame", "hole.mov", without_packet(11), [*ALL[:10], None, *ALL[11:]], psnr=60),
    Kind("cut AVI", "cut.avi", damaged(coded("-c:v mpeg4 -q:v 2"), kept(0.7)), PREFIX, psnr=30),
    Kind(
        "cut MP4, index first",
        "start.mp4",
        damaged(coded(f"{H264} -movflags faststart"), kept(0.7)),
        PREFIX,
        psnr=34,
    ),
    Kind("cut MPEG-TS", "part.ts", damaged(coded(f"{H264} -bf 0"), kept(0.6)), SOME, psnr=20),
    Kind("cut Matroska", "part.mkv", damaged(coded("-c:v ffv1 -pix_fmt bgr0"), kept(0.6)), SOME, psnr=10),
    Kind("MP4 without its index", "moov.mp4", damaged(coded(H264), kept(0.8)), error=NO_VIDEO),
    Kind("sound alone", "sound.m4a.mp4", with_audio("-c:a aac", "-map 1:a"), error=AUDIO_ONLY),
    Kind("an empty file", "empty.mp4", lambda path, clip: path.touch(), error=f"{NO_VIDEO} (0 bytes)"),
    Kind("a text named .mp4", "text.mp4", written(b"This is no video.\n" * 40), error=NO_VIDEO),
    Kind(
        "a playlist named .mp4",
        "list.mp4",
        written(b"#EXTM3U\n#EXTINF:1,\nh264.mp4\n#EXT-X-ENDLIST\n"),
        error=NO_VIDEO,
    ),
    Kind("zeros", "zeros.mkv", written(bytes(5000)), error=NO_VIDEO),
]
