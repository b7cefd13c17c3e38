"""The official account's chat: what is answered to what."""
