"""The HTTP/1.1 engine, and the shell that joins it to a stream."""
