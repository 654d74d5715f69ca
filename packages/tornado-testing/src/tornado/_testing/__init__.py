"""The rooms behind `tornado.testing`: cases, logs, ports, certificates, runner, pytest plugin."""
