"""The rooms behind `tornado.httpclient`, `tornado.simple_httpclient` and `tornado.curl_httpclient`."""
