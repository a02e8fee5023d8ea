"""Derivatives: which way is down."""
