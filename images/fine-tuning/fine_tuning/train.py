"""The training itself, on a GPU.

It was tried on a CPU, with a tiny random model and without quantization; never on a GPU.
"""

from __future__ import annotations

import json
import random
from argparse import Namespace
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, get_linear_schedule_with_warmup

from .tracking import Run

# Longer ones are cut: with 12 GB of GPU memory, the activations of a batch are what is short.
LONGEST_TOKENS = 1024
ACCUMULATED_STEPS = 8
IGNORED = -100


def run(options: Namespace) -> dict[str, object]:
    """Trains the adapter, and leaves it in `options.adapter` and in MLflow."""
    random.seed(options.seed)
    torch.manual_seed(options.seed)
    lines = [json.loads(line) for line in options.dataset.read_text(encoding="utf-8").splitlines()]
    tokenizer = AutoTokenizer.from_pretrained(options.model, revision=options.revision)
    train = [encode(tokenizer, each) for each in lines if each["split"] == "train"]
    test = [encode(tokenizer, each) for each in lines if each["split"] == "test"]
    model = load(options)
    parameters = {
        name: getattr(options, name)
        for name in ("model", "revision", "quantize", "rank", "epochs", "learning_rate", "seed")
    }
    with Run(options.experiment, parameters, options.dataset) as tracked:
        optimizer = torch.optim.AdamW(
            (each for each in model.parameters() if each.requires_grad), lr=options.learning_rate
        )
        steps = max(1, options.epochs * len(train) // ACCUMULATED_STEPS)
        schedule = get_linear_schedule_with_warmup(optimizer, steps // 10, steps)
        for epoch in range(options.epochs):
            loss = epoch_of(model, train, optimizer, schedule)
            tracked.log({"train_loss": loss, **({"test_loss": loss_of(model, test)} if test else {})}, epoch)
        model.save_pretrained(options.adapter)
        tokenizer.save_pretrained(options.adapter)
        tracked.log({"gpu_memory_peak_bytes": torch.cuda.max_memory_allocated()}, options.epochs)
        return {"mlflow_run": tracked.keep(options.adapter), "train": len(train), "test": len(test)}


def load(options: Namespace) -> Any:
    """The model with an adapter that can be trained."""
    # A 4070 Ti computes in bfloat16.
    quantization = (
        BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
        if options.quantize
        else None
    )
    model = AutoModelForCausalLM.from_pretrained(
        options.model,
        revision=options.revision,
        quantization_config=quantization,
        dtype=torch.bfloat16,
        device_map={"": 0},
    )
    if options.quantize:
        model = prepare_model_for_kbit_training(model)
    else:
        model.gradient_checkpointing_enable()
        model.enable_input_require_grads()
    adapter = LoraConfig(
        r=options.rank,
        lora_alpha=2 * options.rank,
        lora_dropout=0.05,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, adapter)


def encode(tokenizer: Any, example: dict[str, str]) -> dict[str, torch.Tensor]:
    """Tokens of question and answer; the loss counts those of the answer."""
    question = [{"role": "user", "content": example["question"]}]
    whole = [*question, {"role": "assistant", "content": example["answer"]}]
    before = tokenizer.apply_chat_template(question, add_generation_prompt=True, return_dict=False)
    tokens = tokenizer.apply_chat_template(whole, return_dict=False)[:LONGEST_TOKENS]
    labels = [IGNORED] * min(len(before), len(tokens)) + tokens[len(before) :]
    return {"input_ids": torch.tensor([tokens]), "labels": torch.tensor([labels])}


def epoch_of(model: Any, examples: list[dict[str, torch.Tensor]], optimizer: Any, schedule: Any) -> float:
    """Goes over all examples once; gives the mean loss."""
    model.train()
    random.shuffle(examples)
    total = 0.0
    for index, example in enumerate(examples, start=1):
        loss = model(**{name: tensor.to(model.device) for name, tensor in example.items()}).loss
        (loss / ACCUMULATED_STEPS).backward()
        total += loss.item()
        if index % ACCUMULATED_STEPS == 0 or index == len(examples):
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
    return total / len(examples)


@torch.no_grad()
def loss_of(model: Any, examples: list[dict[str, torch.Tensor]]) -> float:
    model.eval()
    losses = [
        model(**{name: tensor.to(model.device) for name, tensor in each.items()}).loss.item() for each in examples
    ]
    return sum(losses) / len(losses)
