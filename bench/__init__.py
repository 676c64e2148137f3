"""Measurements of allot: one module per question, each prints what was asked beside what was measured."""
