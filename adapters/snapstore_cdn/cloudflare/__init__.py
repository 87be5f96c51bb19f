"""Cloudflare, by its API."""
