"""Users' feedback on answers of the lab's local model."""
