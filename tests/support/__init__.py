"""Helpers of the tests: virtual time, a scripted Customer.io, a workspace without sockets."""
