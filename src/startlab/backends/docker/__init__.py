"""Environments that are Docker images."""
