"""Tests: unit, functional, synth and integration; factories for all of them."""
