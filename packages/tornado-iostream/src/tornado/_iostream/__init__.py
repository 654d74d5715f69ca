"""The rooms behind `tornado.iostream`: buffers, reads, writes, the push face, plain, TLS and pipe."""
