"""The pages of members, opened in WeChat."""
