"""Scenario files that are shipped with Busyhour, as package data."""
