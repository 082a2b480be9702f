"""Signing in at a provider, and keeping the access that gives: OAuth2."""
