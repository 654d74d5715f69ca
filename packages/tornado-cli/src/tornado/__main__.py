"""``python -m tornado``: the same as the ``tornado`` command."""

import sys

from tornado.cli import main

if __name__ == "__main__":
    sys.exit(main(program="python -m tornado"))
