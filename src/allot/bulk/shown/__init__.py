"""Plans and usages in words, tables and pages."""
