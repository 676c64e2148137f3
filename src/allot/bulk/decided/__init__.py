"""Decisions for many people at once, on arrays of bits."""
