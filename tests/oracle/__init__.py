"""A second opinion: the three schemes computed again, straight from the documents, without `bot`."""
