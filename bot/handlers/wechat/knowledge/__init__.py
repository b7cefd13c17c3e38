"""The knowledge that ships with the product: questions by topic, and how people write."""
