"""What an executor plugin can be told, read from its source without running it.

python tests/data/describe_plugins.py FOLDER > tests/data/executor_plugins.json, where FOLDER is what
``pip install --no-deps --target FOLDER`` made of the plugins that requirements.lock does not name.
"""

import ast
import json
import re
import sys
from pathlib import Path

PINNED = {"lsf": "0.3.3"}


def describe(source: Path) -> dict[str, list[str]]:
    """``settings``, the plugin's own options, and ``resources``, the names it reads from a job."""
    settings, resources = set(), set()
    for path in source.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and node.name == "ExecutorSettings":
                settings |= {each.target.id for each in node.body if isinstance(each, ast.AnnAssign)}
        resources |= set(re.findall(r"resources(?:_dict)?(?:\.get\(|\[)\s*\"(\w+)\"", text))
        resources |= set(re.findall(r"\"(\w+)\" in resources_dict", text))
    return {"settings": sorted(settings), "resources": sorted(resources)}


if __name__ == "__main__":
    found = {
        name: {"version": version, **describe(Path(sys.argv[1]) / f"snakemake_executor_plugin_{name}")}
        for name, version in PINNED.items()
    }
    print(json.dumps(found, indent=1))
