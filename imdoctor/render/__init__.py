"""Renderings: a Report in, text out."""
