"""What an organization has: pulled, kept, read again."""
