"""``python -m g2rl``: the command ``g2rl``."""

import sys

from g2rl.cli.main import main

sys.exit(main())
