"""`scrub`: checks sessions and the claims they would make, tells what it found, and mends what is mechanical."""
