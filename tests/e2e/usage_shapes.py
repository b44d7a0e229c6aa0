"""What providers' `usage` objects look like, made from what was used: each shape says the same in its provider's words. The
recount knows what was used, never what an object says, so it is independent of everything that reads one."""

import dataclasses
import decimal

Decimal = decimal.Decimal
MILLION = Decimal(1_000_000)


@dataclasses.dataclass
class Used:
    """Tokens, each in one of these only."""

    plain: int  # of the prompt
    cached: int
    written: int
    tool: int  # what tools said to the model; Google's alone
    said: int
    thought: int

    @property
    def prompt(self):
        return self.plain + self.cached + self.written + self.tool

    @property
    def completion(self):
        return self.said + self.thought

    def cost(self, price):
        """In US dollars, at a price in dollars a million tokens, as decimal texts; what is not given costs as its kind."""
        price = {kind: Decimal(dollars) for kind, dollars in price.items()}
        return ((self.plain + self.tool) * price["input"] + self.cached * price.get("cached_input", price["input"])
                + self.written * price.get("cache_write", price["input"]) + self.said * price["output"]
                + self.thought * price.get("reasoning", price["output"])) / MILLION


def openai_chat(u):
    return {"prompt_tokens": u.prompt, "completion_tokens": u.completion, "total_tokens": u.prompt + u.completion,
            "prompt_tokens_details": {"cached_tokens": u.cached, "audio_tokens": u.plain // 3},
            "completion_tokens_details": {"reasoning_tokens": u.thought, "audio_tokens": 0,
                                          "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}}


def openai_responses(u):
    return {"input_tokens": u.prompt, "input_tokens_details": {"cached_tokens": u.cached}, "output_tokens": u.completion,
            "output_tokens_details": {"reasoning_tokens": u.thought}, "total_tokens": u.prompt + u.completion}


def anthropic(u):
    return {"input_tokens": u.plain, "cache_creation_input_tokens": u.written, "cache_read_input_tokens": u.cached,
            "cache_creation": {"ephemeral_5m_input_tokens": u.written, "ephemeral_1h_input_tokens": 0},
            "output_tokens": u.completion, "service_tier": "standard"}


def gemini(u):
    return {"promptTokenCount": u.prompt - u.tool, "cachedContentTokenCount": u.cached, "candidatesTokenCount": u.said,
            "thoughtsTokenCount": u.thought, "toolUsePromptTokenCount": u.tool, "totalTokenCount": u.prompt + u.completion,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": u.plain}]}


def gemini_thoughts_within(u):
    return {**gemini(u), "candidatesTokenCount": u.completion}


def gemini_in_openai_words(u):
    """The thoughts are in the total alone."""
    return {"prompt_tokens": u.prompt, "completion_tokens": u.said, "total_tokens": u.prompt + u.completion}


def google_genai(u):
    return {"prompt_token_count": u.prompt - u.tool, "cached_content_token_count": u.cached, "candidates_token_count": u.said,
            "thoughts_token_count": u.thought, "tool_use_prompt_token_count": u.tool, "total_token_count": None}


def xai(u):
    return {**openai_chat(u), "completion_tokens": u.said, "num_sources_used": 0}


def deepseek(u):
    return {"prompt_tokens": u.prompt, "completion_tokens": u.completion, "total_tokens": u.prompt + u.completion,
            "prompt_cache_hit_tokens": u.cached, "prompt_cache_miss_tokens": u.prompt - u.cached,
            "completion_tokens_details": {"reasoning_tokens": u.thought}}


def mistral(u):
    return {"prompt_tokens": u.prompt, "completion_tokens": u.completion, "total_tokens": u.prompt + u.completion,
            "prompt_audio_seconds": None}


def groq(u):
    return {**openai_chat(u), "queue_time": 0.0185, "prompt_time": 0.002, "completion_time": 0.1, "total_time": 0.102}


def cohere(u):
    return {"billed_units": {"input_tokens": u.prompt, "output_tokens": u.completion},
            "tokens": {"input_tokens": u.prompt + 66, "output_tokens": u.completion + 2}, "cached_tokens": u.cached}


def ollama(u):
    return {"prompt_eval_count": u.prompt, "prompt_eval_duration": 325_953_000, "eval_count": u.completion,
            "eval_duration": 4_289_000_000}


def openrouter(u):
    return {"prompt_tokens": u.prompt, "completion_tokens": u.completion, "total_tokens": u.prompt + u.completion,
            "prompt_tokens_details": {"cached_tokens": u.cached, "cache_write_tokens": u.written, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": u.thought}, "is_byok": False}


def vllm(u):
    return {**mistral(u), "prompt_tokens_details": None}


def bedrock(u):
    return {"inputTokens": u.plain, "outputTokens": u.completion, "totalTokens": u.prompt + u.completion,
            "cacheReadInputTokens": u.cached, "cacheWriteInputTokens": u.written}


def bedrock_invoked(u):
    return {"inputTokenCount": u.plain, "outputTokenCount": u.completion, "cacheReadInputTokenCount": u.cached,
            "cacheWriteInputTokenCount": u.written, "invocationLatency": 900}


def litellm(u):
    return {"prompt_tokens": u.prompt, "completion_tokens": u.completion, "total_tokens": u.prompt + u.completion,
            "cache_creation_input_tokens": u.written, "cache_read_input_tokens": u.cached,
            "prompt_tokens_details": {"cached_tokens": u.cached, "cache_creation_tokens": u.written, "audio_tokens": None},
            "completion_tokens_details": {"reasoning_tokens": u.thought}}


def dashscope(u):
    return {**mistral(u), "prompt_tokens_details": {"cached_tokens": u.cached, "cache_creation_input_tokens": u.written,
                                                    "cache_type": "ephemeral"}}


def langchain(u):
    return {"input_tokens": u.prompt, "output_tokens": u.completion, "total_tokens": u.prompt + u.completion,
            "input_token_details": {"cache_read": u.cached, "cache_creation": u.written},
            "output_token_details": {"reasoning": u.thought}}


def moonshot(u):
    return {**mistral(u), "cached_tokens": u.cached}


# Each with what it can tell of: the rest is none.
SHAPES = {
    openai_chat: "cached thought", openai_responses: "cached thought", anthropic: "cached written",
    gemini: "cached thought tool", gemini_thoughts_within: "cached thought", google_genai: "cached thought tool",
    gemini_in_openai_words: "unpriced_thought", xai: "cached thought", deepseek: "cached thought", mistral: "",
    groq: "cached thought", cohere: "cached", ollama: "", openrouter: "cached written thought", vllm: "",
    bedrock: "cached written", bedrock_invoked: "cached written", litellm: "cached written thought",
    dashscope: "cached written", langchain: "cached written thought", moonshot: "cached",
}


def _without_zeros(value, random):
    """Some leave out what is zero, or say null."""
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, inner in value.items():
        if inner == 0 and random.random() < 0.5:
            if random.random() < 0.5:
                kept[name] = None
        else:
            kept[name] = _without_zeros(inner, random)
    return kept


def _as_texts(value):
    if isinstance(value, dict):
        return {name: _as_texts(inner) for name, inner in value.items()}
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def made(random):
    """A random usage: the name of its shape, the object, and what was used."""
    shape, parts = random.choice(list(SHAPES.items()))
    amount = lambda most: random.choice([0, 1, random.randrange(most), random.randrange(most)])  # noqa: E731
    used = Used(plain=1 + amount(200_000), cached=amount(90_000) if "cached" in parts else 0,
                written=amount(30_000) if "written" in parts else 0, tool=amount(5_000) if "tool" in parts else 0,
                said=1 + amount(8_000), thought=amount(60_000) if "thought" in parts else 0)
    usage = shape(used)
    if parts == "unpriced_thought":  # nothing says that they were thoughts
        used.said, used.thought = used.completion, 0
    usage = _without_zeros(usage, random)
    return shape.__name__, _as_texts(usage) if random.random() < 0.1 else usage, used
