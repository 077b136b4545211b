"""Prices, and what a workshop costs."""
