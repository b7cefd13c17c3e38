"""What comes in from outside: pages, API, callbacks, chat. They know HTTP and no tables."""
