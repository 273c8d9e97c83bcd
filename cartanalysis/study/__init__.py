"""What is this paper's: its published values, derivations and reconstruction."""
