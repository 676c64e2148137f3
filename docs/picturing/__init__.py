"""The organization in the pictures."""
