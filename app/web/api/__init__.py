"""The REST API under /api/v1. Schemas stand beside their routes."""
