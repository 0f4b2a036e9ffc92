"""Write a trained network as ONNX, for g2rl predict without torch and for other programs, or half as large.

The ONNX file takes aligned faces, (B, S, S, 3) uint8 RGB, and gives heatmaps, AU intensities (0 to 5) and the
heatmaps' maxima. With --int8 the difference that it makes is measured on faces that its ranges were not taken
from. --half stores the weights in 16 bits, for g2rl predict as before. Given several models, such
as those of several seeds, it writes one whose intensities and heatmaps are the mean of theirs.

example: g2rl export model.safetensors --onnx --int8 --sequences cache/SN001.h5 cache/SN002.h5 -o model.onnx
"""

import argparse
from pathlib import Path

from g2rl.cli.options import output, switch
from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "models", type=Path, nargs="+", metavar="model", help="from g2rl train; several are averaged into one"
    )
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--onnx", action="store_true", help="the network for ONNX Runtime, .onnx")
    kind.add_argument("--half", action="store_true", help="weights of 16 bits, .safetensors")
    switch(parser, "--int8", "with --onnx: quantise the convolutions to 8 bits; needs --sequences")
    parser.add_argument(
        "--sequences",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="aligned sequences, from g2rl align, or fold manifests of them: every other face sets the "
        "ranges of int8, the rest measure the difference; default: none",
    )
    output(parser, "the network, .onnx or .safetensors")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.errors import InputError
    from g2rl.faces.fold_manifest import read_manifests
    from g2rl.faces.sequence_file import read_sequence
    from g2rl.inference.onnx_export import export_int8, export_onnx
    from g2rl.network.mean_file import read_mean
    from g2rl.network.model_file import write_described

    if options.half and options.int8:
        raise InputError("--half and --int8 exclude each other: --int8 belongs to --onnx")
    if options.int8 != bool(options.sequences):
        raise InputError("--int8 and --sequences belong together: give both or neither")
    suffix = ".safetensors" if options.half else ".onnx"
    if options.output.suffix != suffix:
        raise InputError(f"{options.output}: expected a name that ends in {suffix}")
    if options.output.resolve() in {path.resolve() for path in options.models}:
        raise InputError(f"{options.output}: one of the models, which it would replace: give another output")
    model = read_mean(options.models)
    sequences = read_manifests(options.sequences)
    if options.half:
        write_described(model.net, model, options.output, half=True)
    elif options.int8:
        print(export_int8(model, options.output, [read_sequence(path) for path in sequences]))
    else:
        export_onnx(model, options.output)
    return Outcome([*options.models, *options.sequences, *sequences], [options.output])
