"""The rooms behind `tornado.wsgi`: strings, environments, the container, adapters."""
