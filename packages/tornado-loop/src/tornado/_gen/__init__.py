"""Rooms of the coroutines: generators and awaitables in; what `tornado.gen` exports out."""
