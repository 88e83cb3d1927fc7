"""Fine-tuning of a small language model with the feedback of its users: LoRA, or QLoRA on 4 bits."""
