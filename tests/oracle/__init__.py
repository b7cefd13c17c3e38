"""A second opinion: the three schemes computed again from the documents, without `bot`."""
