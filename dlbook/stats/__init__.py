"""Samples and chance: how to tell a result from luck."""
