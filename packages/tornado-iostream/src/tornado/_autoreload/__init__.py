"""The rooms behind `tornado.autoreload`: notices from the kernel about changed folders."""
