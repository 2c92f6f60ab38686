"""Looking at a tree of processes that was running already, without stopping any of it."""
