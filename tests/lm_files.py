"""Tiny language models with random weights, saved as transformers saves real ones."""

from __future__ import annotations

from pathlib import Path

SENTENCES = (
    "the old dog walked slowly to the small house near the river and ate bread",
    "a young girl opened the red door and saw her mother in the garden",
    "I told Alice that they were walking home when it began to rain",
    "we don't know why he'll never come back to the boat",
)
VOCABULARY = tuple(dict.fromkeys(w.lower() for s in SENTENCES for w in s.split()))


def make_tokenizer(kind: str = "bytes", special: tuple[str, ...] = ("<|endoftext|>",)):
    """A fast tokenizer trained on SENTENCES: 'bytes' as GPT-2 or 'pieces' as sentencepiece."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token=special[0] if kind == "pieces" else None))
    if kind == "bytes":
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.decoder = decoders.Metaspace()
        alphabet = []
    trainer = trainers.BpeTrainer(
        vocab_size=800, min_frequency=1, special_tokens=list(special), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([" " + s for s in SENTENCES], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=special[0], eos_token=special[0])


def make_model(n_tokens: int, kind: str = "llama", seed: int = 0):
    """A causal model of 4 blocks and 32 features with random weights."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(seed)
    if kind == "gpt2":
        return GPT2LMHeadModel(GPT2Config(vocab_size=n_tokens, n_embd=32, n_layer=4, n_head=4, n_positions=128)).eval()
    config_type, model_type = (Qwen2Config, Qwen2ForCausalLM) if kind == "qwen2" else (LlamaConfig, LlamaForCausalLM)
    config = config_type(
        vocab_size=n_tokens,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        initializer_range=0.4,
    )
    return model_type(config).eval()


def write_lm(folder: Path, kind: str = "llama", tokenizer: str = "bytes") -> Path:
    """A folder with model and tokenizer."""
    made = make_tokenizer(tokenizer)
    make_model(len(made), kind).save_pretrained(folder)
    made.save_pretrained(folder)
    return folder
