"""Answers as providers, routers and servers give them, in their shapes; the words are ours. Each is what a scripted server
says to one call, attempt by attempt, and what is to come of it."""

import email.utils
import gzip
import json
import time

from chat_server import Answer, completion

TEXT = "Water it once a week."


class Shape:
    """answers: of the attempts, the last one again and again. text, usage (prompt, completion, total): what is to be kept;
    None: the call fails, usage "any": what openai has. error: type of the failure, words: in its text. lasting: it is
    given up sooner than openai does."""

    def __init__(self, name, *answers, text=TEXT, usage=(21, 7, 28), error=None, words=(), lasting=False, reasoning=None,
                 details=None):
        self.name, self.answers = name, answers
        self.text = None if error else text
        self.usage, self.error, self.words, self.lasting = usage, error, words, lasting
        self.reasoning = reasoning

    def answer(self, attempt):
        found = self.answers[min(attempt, len(self.answers) - 1)]
        return found() if callable(found) else found


def chat(text=TEXT, *, message=None, choice=None, usage=(21, 7), details=None, **more):
    """A completion with more members: of the message, of the choice, of the usage, of the whole."""
    body = completion(text, usage=usage if isinstance(usage, tuple) else None)
    body["choices"][0]["message"].update(message or {})
    body["choices"][0].update(choice or {})
    if isinstance(usage, dict) or (usage is None and "usage" in more):
        body["usage"] = usage
    if details:
        body["usage"].update(details)
    body.update(more)
    return body


def text_of(body):
    return json.dumps(body, ensure_ascii=False)


def good(name, body=None, **facts):
    shape = {key: facts.pop(key) for key in ("text", "usage", "reasoning") if key in facts}
    return Shape(name, Answer(chat(**facts) if body is None else body), **shape)


def marked(name, replacement, text):
    """TEXT's place is taken by bytes that json.dumps would not write."""
    return Shape(name, Answer(text_of(chat("MARK")).encode().replace(b"MARK", replacement)), text=text)


def error(message="Slow down.", *, kind=None, code=None, **more):
    return {"error": {"message": message, "type": kind, "code": code, **more}}


def then_good(name, *answers, **facts):
    return Shape(name, *answers, Answer(chat()), **facts)


def fails(name, answer, kind, *words, lasting=False, usage=None):
    return Shape(name, answer, error=kind, words=words, lasting=lasting, usage=usage)


def chunked(body):
    data = text_of(body).encode()
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(data[i:i + 50]), data[i:i + 50]) for i in range(0, len(data), 50))
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"


def date_in(seconds):
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


OPENAI = [
    good("openai", service_tier="default", system_fingerprint="fp_1",
         message={"refusal": None, "annotations": []}, choice={"logprobs": None},
         details={"prompt_tokens_details": {"cached_tokens": 12, "audio_tokens": 0},
                  "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0}}),
    good("azure", prompt_filter_results=[{"prompt_index": 0, "content_filter_results": {
        "hate": {"filtered": False, "severity": "safe"}, "jailbreak": {"filtered": False, "detected": False}}}],
         choice={"content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}),
    good("logprobs with -Infinity", body=chat(choice={"logprobs": {"content": [
        {"token": "W", "logprob": float("-inf"), "bytes": [87], "top_logprobs": []}]}})),
    good("log probability that is NaN", body=chat(choice={"logprobs": {"content": [{"logprob": float("nan")}]}})),
    good("Infinity", body=chat(score=float("inf"))),
]

LOCAL_SERVERS = [
    good("vllm", message={"reasoning_content": None, "tool_calls": []}, prompt_logprobs=None,
         kv_transfer_params=None, choice={"stop_reason": None, "token_ids": None}),
    good("vllm with reasoning", message={"reasoning_content": "It is a cactus."}, reasoning="It is a cactus."),
    good("vllm with reasoning, newer", message={"reasoning": "It is a cactus."}, reasoning="It is a cactus."),
    good("llama.cpp", timings={"prompt_n": 21, "prompt_ms": 3.25, "predicted_n": 7, "predicted_per_second": 51.5}),
    good("llama.cpp, cached", details={"prompt_tokens_details": {"cached_tokens": 20}}),
    good("ollama", system_fingerprint="fp_ollama"),
    good("ollama with thinking", message={"thinking": "A cactus?"}, reasoning="A cactus?"),
    good("lm studio", stats={}, system_fingerprint="m"),
    good("tgi", object="chat.completion", system_fingerprint="3.0.1-sha-1234567"),
    good("sglang", choice={"matched_stop": 151645}, message={"reasoning_content": ""}),
    good("tabby", choice={"finish_reason": "stop", "logprobs": {}}, created=1700000000.25),
    good("no role, no object", {"choices": [{"message": {"content": TEXT}}],
                                "usage": {"prompt_tokens": 21, "completion_tokens": 7, "total_tokens": 28}}),
    good("a part of text", message={"content": [{"type": "text", "text": TEXT}]}),
    good("two parts", message={"content": [{"type": "text", "text": "Water it "}, {"type": "text", "text": "once a week."}]}),
    good("parts that are strings", message={"content": ["Water it ", "once a week."]}),
    Shape("no usage", Answer(completion(TEXT, usage=None)), usage=None),
    Shape("usage is null", Answer({**completion(TEXT, usage=None), "usage": None}), usage=None),
    Shape("usage is a list", Answer({**completion(TEXT, usage=None), "usage": []}), usage=None),
]

PROVIDERS = [
    good("groq", x_groq={"id": "req_1"}, details={"queue_time": 0.0185, "prompt_time": 0.002, "total_time": 0.03}),
    good("mistral", choice={"message": {"role": "assistant", "tool_calls": None, "prefix": False, "content": TEXT}}),
    good("magistral", message={"content": [
        {"type": "thinking", "thinking": [{"type": "text", "text": "It is dry."}], "closed": True},
        {"type": "text", "text": TEXT}]}, reasoning="It is dry."),
    good("deepseek", message={"reasoning_content": "Think."}, reasoning="Think.",
         details={"prompt_cache_hit_tokens": 20, "prompt_cache_miss_tokens": 1}),
    good("moonshot", details={"cached_tokens": 20}),
    good("openrouter", provider="Somebody", message={"refusal": None, "reasoning": "So.", "reasoning_details": [
        {"type": "reasoning.text", "text": "So.", "format": "unknown", "index": 0}]},
         choice={"native_finish_reason": "STOP"}, details={"cost": 0.0000125, "is_byok": False}, reasoning="So."),
    good("openrouter, padded", body=b"\n         \n" * 5 + text_of(chat()).encode()),
    good("gemini", body=chat(usage={"prompt_tokens": 21, "completion_tokens": 7, "total_tokens": 28})),
    good("gemini, thoughts beside the completion", usage=(21, 107, 128),
         body=chat(usage={"prompt_tokens": 21, "completion_tokens": 7, "total_tokens": 128,
                          "completion_tokens_details": {"reasoning_tokens": 100}})),
    good("grok, reasoning beside the completion", usage=(21, 57, 78), message=None, body=chat(
        message={"reasoning_content": "Hm."}, usage={"prompt_tokens": 21, "completion_tokens": 7, "total_tokens": 78,
                                                     "completion_tokens_details": {"reasoning_tokens": 50}}),
         reasoning="Hm."),
    good("litellm for anthropic", details={"cache_creation_input_tokens": 0, "cache_read_input_tokens": 12},
         message={"thinking_blocks": [{"type": "thinking", "thinking": "Well.", "signature": "x"}],
                  "reasoning_content": "Well."}, reasoning="Well."),
    good("perplexity", citations=["https://example.org"], search_results=[], details={
        "search_context_size": "low", "cost": {"total_cost": 0.005}}),
    good("together", choice={"seed": 2**63 + 12345, "logprobs": None}, prompt=[]),
    good("fireworks", details={"prompt_tokens_details": None}),
    good("cerebras", time_info={"queue_time": 1e-5, "created": 1733000000.5}),
    good("sambanova", details={"time_to_first_token": 0.1, "is_last_response": True, "stop_reason": "stop"}),
    good("watsonx", model_id="m", model_version="1.1.0", created_at="2026-11-30T00:00:00.000Z"),
    good("cloudflare", body={**chat(), "success": True, "errors": [], "messages": []}),
    good("minimax", base_resp={"status_code": 0, "status_msg": ""}, input_sensitive=False),
    good("zhipu", request_id="1", created=1700000000, details={"prompt_tokens_details": {"cached_tokens": 0}}),
    good("dashscope", body=chat(object="chat.completion", created="1700000000")),
    good("usage in the names of responses", usage=(21, 7, 28), body=chat(usage={
        "input_tokens": 21, "output_tokens": 7, "input_tokens_details": {"cached_tokens": 20}})),
    good("usage as anthropic counts", usage=(121, 7, 128), body=chat(usage={
        "input_tokens": 1, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 30, "output_tokens": 7})),
    good("usage in strings", body=chat(usage={"prompt_tokens": "21", "completion_tokens": "7", "total_tokens": "28"})),
    good("usage in fractions", body=chat(usage={"prompt_tokens": 21.0, "completion_tokens": 7.0, "total_tokens": 28.0})),
]

FORMS = [
    good("byte order mark", body=b"\xef\xbb\xbf" + text_of(chat()).encode()),
    marked("half a pair", rb"Good soil \ud83c", "Good soil \ufffd"),
    marked("the other half", rb"\udf31 soil", "\ufffd soil"),
    marked("a whole pair", rb"Good soil \ud83c\udf31", "Good soil \U0001f331"),
    marked("cut UTF-8", b"Good soil \xf0\x9f\x8c", "Good soil \ufffd\ufffd\ufffd"),
    marked("Latin-1", b"caf\xe9 soil", "caf\ufffd soil"),
    marked("a tab as it is", b"Good\tsoil", "Good\tsoil"),
    marked("NUL", rb"Good\u0000 soil", "Good soil"),
    good("an integer beyond all", body=text_of(chat(seed=0)).replace('"seed": 0', '"seed": 1' + "0" * 60)),
    good("an exponent beyond all", body=text_of(chat(seed=0)).replace('"seed": 0', '"seed": 1e999, "x": -1E+999')),
    good("a NUL in a key", body=chat(**{"a\0b": 1})),
    good("keys that come twice", body=text_of(chat()).replace('"id"', '"id": 1, "id"', 1)),
    good("200 levels", body=chat(deep=json.loads("[" * 200 + "]" * 200))),
    Shape("text/plain", Answer(chat(), headers={"Content-Type": "text/plain; charset=utf-8"})),
    Shape("no content type", Answer(chat(), headers={"Content-Type": None})),
    Shape("text/html that is JSON", Answer(chat(), headers={"Content-Type": "text/html"})),
    Shape("another charset", Answer(chat(), headers={"Content-Type": "application/json; charset=iso-8859-1"})),
    Shape("gzip", Answer(gzip.compress(text_of(chat()).encode()), headers={"Content-Encoding": "gzip"})),
    Shape("chunked", Answer(raw=chunked(chat()))),
    Shape("to the end of the connection", Answer(raw=b"HTTP/1.0 200 OK\r\n\r\n" + text_of(chat()).encode())),
    Shape("status 201", Answer(chat(), 201)),
    Shape("redirected on the same server", Answer("", 307, {"Location": "/v1/chat/completions?again"}), Answer(chat())),
    good("finish reason null", choice={"finish_reason": None}),
    good("finish reason eos", choice={"finish_reason": "eos"}),
    good("cut at the limit", choice={"finish_reason": "length"}),
    good("filtered, with text", choice={"finish_reason": "content_filter"}),
    good("an error that is null", error=None),
    good("an error that is empty", error={}),
    good("an error of the choice that is null", choice={"error": None}),
    good("model null", model=None),
    good("text and tool calls", message={"tool_calls": [
        {"id": "1", "type": "function", "function": {"name": "water", "arguments": "{}"}}]}),
    good("white space around", body=chat("\n\n  " + TEXT + " \n")),
]

REASONING = [
    good("think", body=chat(f"<think>\nIs it dry?\n</think>\n\n{TEXT}"), reasoning="Is it dry?"),
    good("think, empty", body=chat(f"<think>\n\n</think>\n\n{TEXT}")),
    good("think, opened by the prompt", body=chat(f"Is it dry?\n</think>\n\n{TEXT}"), reasoning="Is it dry?"),
    good("thinking", body=chat(f"<thinking>Dry.</thinking>{TEXT}"), reasoning="Dry."),
    good("THINK", body=chat(f"[THINK]Dry.[/THINK]{TEXT}"), reasoning="Dry."),
    good("channels", reasoning="Dry.", body=chat(
        f"<|channel|>analysis<|message|>Dry.<|end|><|start|>assistant<|channel|>final<|message|>{TEXT}")),
    good("a mark within the answer", body=chat("Write </think> behind it."), text="Write </think> behind it."),
]

TRIED_AGAIN = [
    then_good("429", Answer(error(kind="requests", code="rate_limit_exceeded"), 429)),
    then_good("429, seconds", Answer(error(), 429, {"Retry-After": "0.2"})),
    then_good("429, milliseconds", Answer(error(), 429, {"retry-after-ms": "200", "Retry-After": "60"})),
    then_good("429, a date", lambda: Answer(error(), 429, {"Retry-After": date_in(1)})),
    then_good("429, zero", Answer(error(), 429, {"Retry-After": "0"})),
    then_good("429, nonsense", Answer(error(), 429, {"Retry-After": "soon"})),
    then_good("429, the past", lambda: Answer(error(), 429, {"Retry-After": date_in(-100)})),
    then_good("429, negative", Answer(error(), 429, {"Retry-After": "-1"})),
    then_good("429 in a list", Answer(json.dumps([{"error": {
        "code": 429, "message": "Resource has been exhausted.", "status": "RESOURCE_EXHAUSTED", "details": [
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.3s"}]}}]), 429)),
    then_good("500", Answer(error("The server had an error.", kind="server_error"), 500)),
    then_good("502, a page", Answer("<html><title>502 Bad Gateway</title></html>", 502, {"Content-Type": "text/html"})),
    then_good("503, nothing", Answer("", 503)),
    then_good("504", Answer("upstream request timeout", 504)),
    then_good("520", Answer("error code: 520", 520)),
    then_good("529", Answer({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, 529)),
    then_good("408", Answer({"detail": "timeout"}, 408)),
    then_good("409", Answer({"message": "lock"}, 409)),
    then_good("400 with x-should-retry", Answer(error("later"), 400, {"x-should-retry": "true"})),
    then_good("hang-up", Answer(drop=True)),
    then_good("cut in the body", Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{\"choices\"")),
    then_good("no HTTP", Answer(raw=b"hello\r\n\r\n")),
    then_good("broken gzip", Answer(b"no gzip", headers={"Content-Encoding": "gzip"})),
    then_good("429 in a 200", Answer(error("Rate limit exceeded: per-minute", code=429))),
    then_good("429 in a 200, by name", Answer(error("Too fast.", code="rate_limit_exceeded"))),
    then_good("429 in a 200, as a string", Answer(error("Too fast.", code="429"))),
    then_good("503 in a 200, choices null", Answer({"choices": None, **error("no instances available", code=503)})),
    then_good("502 of a choice", Answer(chat("", choice={
        "error": {"code": 502, "message": "Upstream overloaded"}, "finish_reason": "error"}))),
    then_good("502 of a choice, after some text", Answer(chat("Water it", choice={
        "error": {"code": 502, "message": "Upstream overloaded"}, "finish_reason": "error"}))),
    then_good("minimax: rate limit in a 200", Answer({"choices": None, "base_resp": {
        "status_code": 1002, "status_msg": "rate limit"}})),
    then_good("cloudflare: errors in a 200", Answer({"success": False, "result": None, "errors": [
        {"code": 504, "message": "timeout"}]})),
    then_good("overloaded in a 200", Answer({"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}})),
]

FAILURES = [
    fails("500 for ever", Answer(error("broken"), 500), "InternalServerError", "500", "broken"),
    fails("503 that is not to be tried", Answer(error("no"), 503, {"x-should-retry": "false"}), "InternalServerError"),
    fails("wait an hour", Answer(error("Daily limit."), 429, {"Retry-After": "3600"}), "RateLimitError", "3600 s"),
    fails("quota", Answer(error("You exceeded your current quota.", kind="insufficient_quota",
                                code="insufficient_quota"), 429), "RateLimitError", "quota", lasting=True),
    fails("quota, in a 200", Answer(error("Credits are used up.", code="insufficient_quota")), "RateLimitError",
          "Credits"),
    fails("no money, deepseek", Answer(error("Insufficient Balance", kind="unknown_error"), 402), "APIStatusError",
          "Insufficient Balance"),
    fails("no money, openrouter", Answer({"error": {"message": "Insufficient credits", "code": 402}, "user_id": "u"}, 402),
          "APIStatusError", "Insufficient credits"),
    fails("no money, anthropic", Answer({"type": "error", "error": {
        "type": "invalid_request_error", "message": "Your credit balance is too low to access the API."}}, 400),
          "BadRequestError", "credit balance"),
    fails("a wrong key", Answer(error("Incorrect API key provided.", code="invalid_api_key"), 401),
          "AuthenticationError", "Incorrect API key"),
    fails("a wrong key, google", Answer(json.dumps([{"error": {"code": 400, "message": "API key not valid.",
          "status": "INVALID_ARGUMENT"}}]), 400), "BadRequestError", "API key not valid"),
    fails("a proxy's 403", Answer("<html><h1>Access Denied</h1></html>", 403, {"Content-Type": "text/html"}),
          "PermissionDeniedError", "Access Denied", "proxy"),
    fails("no such model", Answer(error("The model 'm' does not exist", code="model_not_found"), 404), "NotFoundError",
          "does not exist"),
    fails("no such path", Answer({"detail": "Not Found"}, 404), "NotFoundError", "Not Found", "/chat/completions"),
    fails("too long", Answer(error("This model's maximum context length is 8192 tokens.",
                                   code="context_length_exceeded"), 400), "BadRequestError", "8192"),
    fails("azure's filter of prompts", Answer(error("The prompt triggered the filter.", code="content_filter",
          innererror={"code": "ResponsibleAIPolicyViolation"}), 400), "BadRequestError", "filter"),
    fails("fastapi", Answer({"detail": [{"loc": ["body", "seed"], "msg": "extra fields not permitted",
          "type": "value_error"}]}, 422), "UnprocessableEntityError", "extra fields not permitted"),
    fails("mistral's 422", Answer({"object": "error", "message": {"detail": [{"type": "extra_forbidden",
          "msg": "Extra inputs are not permitted"}]}, "type": "invalid_request_error"}, 422),
          "UnprocessableEntityError", "Extra inputs are not permitted"),
    fails("vllm's 400", Answer({"object": "error", "message": "max_model_len", "type": "BadRequestError", "param": None,
          "code": 400}, 400), "BadRequestError", "max_model_len"),
    fails("words behind a router", Answer({"error": {"message": "Provider returned error", "code": 400, "metadata": {
        "raw": "The prompt is empty.", "provider_name": "Somebody"}}}, 400), "BadRequestError", "The prompt is empty."),
    fails("an error in a 200 without a code", Answer(error("Something broke.")), "APIError", "Something broke."),
    fails("empty", Answer(""), "APIResponseValidationError", "empty"),
    fails("a page", Answer("<!doctype html><title>Chat</title>"), "APIResponseValidationError", "<title>Chat</title>"),
    fails("null", Answer("null"), "APIResponseValidationError"),
    fails("no choices", Answer({"choices": []}), "APIResponseValidationError", "no choices"),
    fails("cut JSON", Answer('{"choices": [{"message": {"content": "Wat'), "APIResponseValidationError", "not JSON"),
    fails("a tool in place of an answer", Answer(chat(None, message={"tool_calls": [
        {"id": "1", "type": "function", "function": {"name": "water", "arguments": "{}"}}]},
        choice={"finish_reason": "tool_calls"})), "ToolCallError", "water", usage=(21, 7, 28)),
    fails("a refusal", Answer(chat(None, message={"refusal": "I cannot help with that."})), "RefusalError",
          "I cannot help with that.", usage=(21, 7, 28)),
    fails("filtered", Answer(chat("", choice={"finish_reason": "content_filter", "content_filter_results": {
        "violence": {"filtered": True, "severity": "high"}, "hate": {"filtered": False}}})),
          "ContentFilterFinishReasonError", "violence", usage=(21, 7, 28)),
    fails("the limit before any text", Answer(chat("", choice={"finish_reason": "length"})), "LengthFinishReasonError",
          "--max-tokens", usage=(21, 7, 28)),
    fails("the limit within the reasoning", Answer(chat("<think>Is it", choice={"finish_reason": "length"})),
          "LengthFinishReasonError", "reasoning", usage=(21, 7, 28)),
    fails("nothing but reasoning", Answer(chat(None, message={"reasoning_content": "Hm."})),
          "APIResponseValidationError", "reasoning", usage=(21, 7, 28)),
]

ALL = [*OPENAI, *LOCAL_SERVERS, *PROVIDERS, *FORMS, *REASONING, *TRIED_AGAIN, *FAILURES]
