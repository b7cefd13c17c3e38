"""Pure rules, and promises about the code itself."""
