"""What is behind a result: the tree of provenance records from a file down to what was given, as text."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from g2rl.errors import InputError
from g2rl.io.hashing import content_sha256
from g2rl.reproducibility.records import ELSEWHERE, VARIABLE, Record, portable


def tree(path: Path, records: Mapping[str, list[Record]]) -> list[str]:
    """The files behind ``path`` as the lines of a tree, then the code, packages and device of each stage.

    Inputs of one stage and folder, such as the aligned sequences of a training or the folds of a run, stand
    as one line; a file that stood further up is not unfolded again.

    Args:
        records: see ``read_records``.

    Raises:
        InputError: no record describes these bytes.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    digest = content_sha256(path)
    if digest not in records:
        raise InputError(
            f"{path}: no record of it ({digest[:12]}): it was changed since, or made without {VARIABLE}"
        )
    lineage = _Lineage(records)
    lines = [*lineage.branch(str(path), {portable(path): digest})]
    for stage, used in sorted(lineage.stages.items()):
        lines += ["", f"{stage}:"]
        for each in ("code", "packages"):
            texts = [", ".join(f"{name} {text}" for name, text in getattr(r, each).items()) for r in used]
            lines += [f"  {each}: {text}" for text in dict.fromkeys(texts)]
        lines += [f"  device: {device}" for device in dict.fromkeys(record.device for record in used)]
    return lines


@dataclass
class _Lineage:
    """The tree while it is written. ``files``: SHA-256 by path."""

    records: Mapping[str, list[Record]]
    stages: dict[str, list[Record]] = field(default_factory=dict)  # the records of each stage so far
    seen: set[int] = field(default_factory=set)

    def branch(self, name: str, files: Mapping[str, str]) -> Iterator[str]:
        """The lines of one file, or of several that one stage made in one folder."""
        made = [self._maker(path, digest) for path, digest in files.items()]
        found = list({id(record): record for record in made if record is not None}.values())
        title = f"{name}  ({len(files)} files)"
        if len(files) == 1:
            title = f"{name}  {next(iter(files.values()))[:12]}"
        if not found:
            yield f"{title}  (given)"
            return
        if self.seen.issuperset(map(id, found)):
            yield f"{title}  (above)"
            return
        self.seen.update(map(id, found))
        stage = found[0].stage
        self.stages.setdefault(stage, []).extend(found)
        yield f"{title}  ← g2rl {stage}{_common_settings(found)}"
        groups = self._inputs(found)
        for members in groups:
            first, others = ("└─ ", "   ") if members is groups[-1] else ("├─ ", "│  ")
            label = (os.path.commonpath(members) or ELSEWHERE) + "/" * (len(members) > 1)
            for row, line in enumerate(self.branch(label, members)):
                yield (others if row else first) + line

    def _inputs(self, found: Sequence[Record]) -> list[dict[str, str]]:
        """The inputs of some records, those of one stage and folder together."""
        groups: dict[tuple[str, ...], dict[str, str]] = {}
        for record in found:
            for path, digest in record.inputs.items():
                source = self._maker(path, digest)
                group = (source.stage, *Path(path).parts[:3]) if source else ()
                groups.setdefault(group, {})[path] = digest
        return list(groups.values())

    def _maker(self, path: str, digest: str) -> Record | None:
        """The record of a file: of several commands that wrote these bytes, the one that wrote them there."""
        found = self.records.get(digest, [])
        there = (record for record in found if record.outputs.get(path) == digest)
        return next(there, found[0] if found else None)


def _common_settings(records: Sequence[Record]) -> str:
    """The settings on which the records agree; … where they do not."""
    texts = []
    for name, value in records[0].settings.items():
        if any(record.settings.get(name) != value for record in records):
            texts.append(f"{name}=…")
        elif value not in (None, "", []):
            text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            texts.append(f"{name}={text}")
    return f"  {' '.join(texts)}" if texts else ""
