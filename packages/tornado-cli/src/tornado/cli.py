"""The ``tornado`` command, also ``python -m tornado``.

.. code-block:: sh

   tornado serve app:application --workers 2

serves a Tornado, ASGI or WSGI application. ``tornado routes`` and ``tornado check`` look into a Tornado
application, ``tornado fetch`` asks a server, ``tornado version`` says what is installed. Each has ``--help``.

The exit status is 0 for success, 1 if the application failed, 2 for wrong arguments, 3 if the target
cannot be imported or is no application, and 4 if an address cannot be listened on.
"""

from tornado._cli.commands import main
from tornado._cli.errors import CommandError

__all__ = ["CommandError", "main"]

CommandError.__module__ = __name__
