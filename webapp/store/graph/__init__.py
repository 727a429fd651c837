"""The service graph: calls between nodes, protocols, and the time that requests waited for each."""
