"""What a language model may look at in the lab, by the Model Context Protocol. Nothing here can change anything."""
