"""Plans carried out, on an organization or on its twin, and taken back."""
