"""Attacks on published sites: what a hostile reader recovers of a user's patients."""
