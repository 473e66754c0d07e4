"""One job per command: open, call the core, save."""
