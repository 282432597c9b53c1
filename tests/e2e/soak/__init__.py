"""Clients of every kind, for as long as one likes."""
