"""The engine of scores, its packs and its second opinion."""
