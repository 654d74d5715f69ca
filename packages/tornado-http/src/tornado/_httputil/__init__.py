"""The rooms behind `tornado.httputil`: one noun of HTTP each. No loop, no stream and no clock of its own."""
