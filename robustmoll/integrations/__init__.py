"""Mollification in the places that other libraries have for such things: one file a library, imported by its path."""
