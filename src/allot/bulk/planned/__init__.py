"""Plans: what is desired against what is there, decided for everybody."""
