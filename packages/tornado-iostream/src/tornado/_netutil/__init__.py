"""The rooms behind `tornado.netutil`: listening sockets, resolvers, TLS contexts."""
