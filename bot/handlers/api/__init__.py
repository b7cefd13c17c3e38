"""What pages and the mini-program ask for, as JSON."""
