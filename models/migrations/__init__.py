"""Steps of the schema, in order. Additive before a deploy, destructive only after the next one."""
