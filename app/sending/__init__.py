"""Mail of ours: written once, sent once, and always known what became of it."""
