"""How the agent and the testing kit call an author's code and check what it returns."""
