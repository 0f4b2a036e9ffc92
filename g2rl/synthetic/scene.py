"""A person before a camera: the drawing of frames, rasterised, lit and laid over the background."""

from dataclasses import dataclass

import cv2
import numpy as np

from g2rl.synthetic import paint
from g2rl.synthetic.lighting import Light
from g2rl.synthetic.paint import FACE, PATCHES
from g2rl.synthetic.person import Person, mix
from g2rl.synthetic.raster import FAR, rasterize, vertex_normals

_FACE_DEPTH = 1.2  # the face's distance in front of that axis: `Camera.scale` holds there
_EXTENT = np.array([2 * paint.WIDTH, paint.ATLAS[0]], np.float32)  # atlas pixels are drawn as shares of it
_BAND = 64  # rows shaded at a time
_BLEND = 0.9  # strength of furrows and pores against the mesh's own normals


@dataclass(frozen=True)
class Camera:
    """A camera that looks along -z at a point between the subject's eyes and chin.

    Attributes:
        width, height: of the frame, pixels.
        scale: pixels per decimetre at the face.
        x, y: where the middle of a centred face lies, pixels.
        distance: from the camera to the body's axis, decimetres; near cameras have a wide angle.
    """

    width: int
    height: int
    scale: float
    x: float
    y: float
    distance: float = 10.0

    def project(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(V, 2) pixels and (V,) depths of points in decimetres."""
        depth = (self.distance - vertices[:, 2]).astype(np.float32)
        focal = self.scale * (self.distance - _FACE_DEPTH)
        points = np.empty((len(vertices), 2), np.float32)
        points[:, 0] = self.x + focal * vertices[:, 0] / depth
        points[:, 1] = self.y - focal * (vertices[:, 1] - 7.0) / depth
        return points, depth


@dataclass(frozen=True)
class Pose:
    """Head turned by radians and shifted by decimetres (3,); gaze (2,) in radians; lids closed in [0, 1]."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gaze: tuple[float, float] = (0.0, 0.0)
    blink: float = 0.0


class Scene:
    """A person before a camera: everything that one sequence's frames share is made here, once."""

    def __init__(
        self, person: Person, camera: Camera, light: Light, background: np.ndarray, sharpness: float = 1.0
    ):
        """
        Args:
            background: (height, width, 3) uint8 BGR.
            sharpness: pixels drawn for one of the frame's; what is drawn is enlarged by its inverse.
        """
        self.person, self.camera, self.light, self.sharpness = person, camera, light, sharpness
        self._relief = person.relief.copy()
        self._corners = person.uv.copy()
        self._moving = np.flatnonzero(np.bincount(person.source[person.head].ravel()))
        self.plate = background.copy()
        still = np.flatnonzero(np.bincount(person.source[person.body].ravel()))
        self._put(self.plate, person.base, person.body, still, person.crease)

    def frame(self, activation: np.ndarray, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
        """Draw one frame.

        Args:
            activation: (A,) of the person's AUs, in [0, 1], or (2, A) of the left and the right side.

        Returns:
            (height, width, 3) uint8 BGR without noise, and (V, 2) float32 pixels of the mesh's vertices.
        """
        person = self.person
        vertices = person.mesh(activation, pose.blink)
        vertices = person.posed(vertices, pose.yaw, pose.pitch, pose.roll, np.array(pose.shift))
        if activation.ndim == 1:
            groove = _furrowed(person.crease, person.furrows, activation)
        else:
            groove = np.empty_like(person.crease)
            for side, strength in zip((paint.FACE_ANGLE > 0, paint.FACE_ANGLE <= 0), activation, strict=True):
                groove[:, side] = _furrowed(person.crease, person.furrows, strength)[:, side]
        frame = self.plate.copy()
        points = self._put(frame, vertices, person.head, self._moving, groove, pose.gaze)
        return frame, points

    def _put(
        self,
        image: np.ndarray,
        vertices: np.ndarray,
        triangles: np.ndarray,
        used: np.ndarray,
        groove: np.ndarray,
        gaze: tuple[float, float] = (0.0, 0.0),
    ) -> np.ndarray:
        """Draw some of the person's triangles, with the vertices ``used``, into a (height, width, 3) uint8.

        Returns:
            (V, 2) float32 pixels of the mesh's vertices.
        """
        points, depth = self.camera.project(vertices)
        left, top = np.maximum(np.floor(points[used].min(axis=0)).astype(int) - 2, 0)
        right, bottom = np.ceil(points[used].max(axis=0)).astype(int) + 3
        right, bottom = min(right, self.camera.width), min(bottom, self.camera.height)
        if right - left < 8 or bottom - top < 8:
            return points
        size = (round((bottom - top) * self.sharpness), round((right - left) * self.sharpness))
        zoom = np.array([size[1] / (right - left), size[0] / (bottom - top)], np.float32)
        local = (points - np.array([left, top], np.float32) + 0.5) * zoom - 0.5
        colour, cover = self._draw(vertices, local, depth, triangles, size, groove, gaze, float(zoom[1]))
        colour, cover = (
            cv2.resize(image, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
            for image in (colour, cover)
        )
        place = image[top:bottom, left:right]
        place[:] = cv2.blendLinear(colour, place.copy(), cover, 1 - cover)
        return points

    def _draw(
        self,
        vertices: np.ndarray,
        points: np.ndarray,
        depth: np.ndarray,
        triangles: np.ndarray,
        size: tuple[int, int],
        groove: np.ndarray,
        gaze: tuple[float, float],
        zoom: float,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Colour (size, 3) uint8 BGR and cover (size) float32 in [0, 1] of some of the person's triangles."""
        person, light, source = self.person, self.light, self.person.source
        normals = vertex_normals(vertices, person.triangles)
        along = (light.direction / np.linalg.norm(light.direction)).astype(np.float32)
        # Tangent frame of the unrolled skin: across (the angle grows) and up (the height grows). All that
        # shading needs of it, and of the normals, are their products with the light and the view.
        across = np.cross(np.array([0, 1, 0], np.float32), normals)
        across /= np.sqrt(np.einsum("ij,ij->i", across, across))[:, None] + 1e-6
        up = np.cross(normals, across)
        lit = np.stack([mix(along, frame.T) for frame in (normals, across, up)], axis=1)
        lit = np.clip(0.5 + 0.5 * lit, 0, 1)
        uv = self._corners
        shift = np.array([np.sin(gaze[0]), -np.sin(gaze[1])], np.float32)
        width = PATCHES["eye"][2]
        eyes = person.eye_corners
        uv[eyes] = person.uv[eyes] - shift * (0.38 * width)
        place = np.empty((len(source), 3), np.float32)
        place[:, :2] = uv / _EXTENT
        place[:, 2] = np.maximum(normals[source, 2], 0)
        corners, depths = points[source], depth[source]
        (where,), nearest = rasterize(corners, depths, triangles, [place], size)
        # Light varies slowly: at half the size, enlarged, weighted by what is drawn.
        half = (size[0] + 1) // 2, (size[1] + 1) // 2
        (lighting,), coarse = rasterize((corners + 0.5) / 2 - 0.5, depths, triangles, [lit[source]], half)
        some = (coarse < FAR).astype(np.float32)
        lighting, some = (
            cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)[: size[0], : size[1]]
            for image in (lighting, some)
        )
        relief = self._bumps(groove)
        drawn = nearest < FAR
        cavities = _cavities(nearest, drawn, zoom * self.camera.scale)
        image = np.empty((*size, 3), np.float32)
        for start in range(0, size[0], _BAND):
            rows = slice(start, start + _BAND)
            image[rows] = self._shade(where[rows], lighting[rows], some[rows], cavities[rows], relief, along)
        if triangles is person.head:
            lashes = person.lash_vertices
            (lash,), _ = rasterize(
                points[lashes], depth[lashes], person.lashes, [np.ones((len(lashes), 3), np.float32)],
                size, behind=nearest + np.float32(0.01),
            )  # fmt: skip
            image *= 1 - np.float32(0.85 * person.lash_strength) * lash
        cover = drawn.astype(np.float32)
        image *= cover[..., None]
        image = cv2.GaussianBlur(image, (0, 0), 0.7)
        cover = cv2.GaussianBlur(cover, (0, 0), 0.7)
        image *= (255 / np.maximum(cover, np.float32(1e-3)))[..., None]
        # Blurring widened the silhouette by half a pixel: take it back.
        return cv2.convertScaleAbs(image), np.clip(1.6 * cover - 0.6, 0, 1)

    def _shade(
        self,
        where: np.ndarray,
        lighting: np.ndarray,
        some: np.ndarray,
        cavities: np.ndarray,
        relief: np.ndarray,
        along: np.ndarray,
    ) -> np.ndarray:
        """Colour (rows, width, 3) float32 BGR in [0, 1] of rows, few enough to stay in the processor's cache.

        Args:
            where: (rows, width, 3) place in the atlas as shares of `_EXTENT`; how far it faces the camera.
            lighting, some: (rows, width, 3) and (rows, width): the normal's products with the light, and the
                weight they are enlarged with.
            cavities: (rows, width) darkening.
            relief: the atlas' slopes and furrow depth.
            along: (3,) the light's direction.
        """
        person, light = self.person, self.light
        toward, lean_across, lean_up = cv2.split(lighting)
        scale = 2 / np.maximum(some, np.float32(0.05))
        for plane in (toward, lean_across, lean_up):
            plane *= scale
            plane -= 1
        x, y, front = cv2.split(where)
        x *= _EXTENT[0]
        y *= _EXTENT[1]
        red, green, blue, gloss = cv2.split(
            cv2.remap(person.texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        )
        slope_across, slope_up, groove = cv2.split(
            cv2.remap(relief, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        )
        lean_across *= slope_across
        lean_up *= slope_up
        lean = np.float32(_BLEND) * (lean_across - lean_up)
        toward -= lean
        # Blinn's half vector h = (l + v) / |l + v|, so n·h = (n·l + n·v) / |l + v|.
        shine = toward + front
        shine *= np.float32(1 / np.linalg.norm(along + np.array([0, 0, 1], np.float32)))
        np.clip(shine, 0, 1, out=shine)
        for _ in range(4):
            shine *= shine
        tight = shine * shine * shine
        catch = tight * tight
        catch *= catch
        specular = np.float32(0.10) * (shine + tight) * gloss + np.float32(0.9) * catch * (gloss > 0.9)
        specular *= cavities * np.float32(light.key.mean())
        ambient = np.float32(light.ambient) * (np.float32(0.45) + np.float32(0.50) * front)
        np.minimum(groove, np.float32(1.4), out=groove)
        groove *= np.float32(-0.34)
        groove += 1
        groove *= cavities
        planes = []
        for albedo, key, bleed in ((blue, 2, 2), (green, 1, 1), (red, 0, 0)):
            value = toward + person.subsurface[bleed]
            np.maximum(value, 0, out=value)
            value *= np.float32(light.key[key] / (1 + person.subsurface[bleed]))
            value += ambient
            value *= albedo
            value *= groove
            value += specular
            # A soft shoulder, then a gamma of 2.
            value *= (1 + np.float32(0.12) * value) / (1 + np.float32(0.35) * value)
            planes.append(np.sqrt(value))
        return cv2.merge(planes)

    def _bumps(self, groove: np.ndarray) -> np.ndarray:
        """The atlas' slopes (across, along) and furrow depth, for these furrows."""
        face = self._relief[FACE]
        still = self.person.relief[FACE]
        depth = groove * np.float32(-2.6)
        face[..., 0] = still[..., 0] + cv2.Sobel(depth, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
        face[..., 1] = still[..., 1] + cv2.Sobel(depth, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
        face[..., 2] = groove
        return self._relief


def _furrowed(crease: np.ndarray, furrows: np.ndarray, activation: np.ndarray) -> np.ndarray:
    """(*FACE_SHAPE,) the depth of the furrows of AUs (A,) in [0, 1] on top of those at rest."""
    for strength, furrow in zip(activation.tolist(), furrows, strict=True):
        if strength > 0:
            crease = cv2.scaleAdd(furrow, strength**1.1, crease)
    return crease


def _cavities(nearest: np.ndarray, drawn: np.ndarray, scale: float) -> np.ndarray:
    """(size) in (0, 1]: darkening of what lies deeper than its surroundings, ``scale`` pixels a decimetre."""
    rows, columns = nearest.shape
    # Soft: made at half the size.
    small = (max(columns // 2, 1), max(rows // 2, 1))
    weight = drawn.astype(np.float32)
    depth = cv2.resize(nearest * weight, small, interpolation=cv2.INTER_NEAREST)
    weight = cv2.resize(weight, small, interpolation=cv2.INTER_NEAREST)
    dark = np.zeros_like(depth)
    here = depth / np.maximum(weight, 1e-3)
    for sigma, strength in ((0.018 * scale / 2, 4.0), (0.075 * scale / 2, 1.6)):
        around = cv2.GaussianBlur(depth, (0, 0), sigma) / np.maximum(
            cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3
        )
        dark += strength * np.clip(here - around, 0, 0.25)
    return cv2.resize(np.exp(-dark), (columns, rows), interpolation=cv2.INTER_LINEAR)
