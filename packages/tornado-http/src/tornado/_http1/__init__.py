"""The HTTP/1.1 engine (bytes in, events out; messages in, bytes out) and the shell that joins it to a stream."""
