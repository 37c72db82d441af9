"""Busyhour: one call runtime, two clocks. This package knows no Ray and no FastAPI."""

from busyhour.interpreted import choose

# Before any module that may be compiled is imported.
choose()
