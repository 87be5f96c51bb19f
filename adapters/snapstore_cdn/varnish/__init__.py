"""Varnish, by the protocol of its CLI."""
