"""An agent of the lab: a versioned prompt, the local model, and the tools of MCP servers that the prompt names."""
