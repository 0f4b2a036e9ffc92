"""Check a configuration and print it whole, defaults filled in.

example: g2rl config config/paper.yaml
"""

import argparse
from pathlib import Path

from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, nargs="?", default=Path("config/config.yaml"), help="YAML")
    parser.add_argument("--schema", action="store_true", help="print the JSON schema instead")
    parser.add_argument("--keys", action="store_true", help="print a table of all keys instead, Markdown")
    parser.add_argument(
        "--choices", action="store_true", help="print a table of what the paper leaves open instead, Markdown"
    )


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.config.docs import choices, keys_table, schema
    from g2rl.config.load import load

    if options.schema or options.keys:
        text = schema() if options.schema else keys_table()
    elif options.choices:
        text = choices(load(options.config))
    else:
        import yaml

        resolved = load(options.config).model_dump(by_alias=True)
        text = yaml.safe_dump(resolved, sort_keys=False, allow_unicode=True)
    print(text, end="")
    return Outcome()
