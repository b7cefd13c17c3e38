"""Pages and data for everybody: verification of certificates, keys, the list of states."""
