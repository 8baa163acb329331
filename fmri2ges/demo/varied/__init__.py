"""Simulated studies whose laws are drawn anew for every world; nothing here comes from the demo's own world."""
