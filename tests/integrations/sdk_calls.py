"""Makes calls by an SDK that knows nothing of afmon: sdk_calls.py SDK FIRST END. Prints what the program saw of each."""
import json
import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # nothing is fetched
RETRIES = 2


def of_openai():
    import openai

    client = openai.OpenAI(api_key="sk-key-of-openai", max_retries=RETRIES)

    def call(text, streamed):
        more = {"stream": True, "stream_options": {"include_usage": True}} if streamed else {}
        got = client.chat.completions.create(model="openai", messages=[{"role": "user", "content": text}], **more)
        return "".join(part.choices[0].delta.content or "" for part in got if part.choices) if streamed else got.choices[0].message.content

    return call


def of_anthropic():
    import anthropic

    client = anthropic.Anthropic(api_key="sk-key-of-anthropic", max_retries=RETRIES)

    def call(text, streamed):
        asked = {"model": "anthropic", "max_tokens": 9, "messages": [{"role": "user", "content": text}]}
        if not streamed:
            return client.messages.create(**asked).content[0].text
        with client.messages.stream(**asked) as stream:
            return stream.get_final_text()

    return call


def of_genai():
    from google import genai

    client = genai.Client(api_key="sk-key-of-genai", http_options=genai.types.HttpOptions(
        retry_options=genai.types.HttpRetryOptions(attempts=RETRIES + 1, initial_delay=0.01, max_delay=0.01)))

    def call(text, streamed):
        if streamed:
            return "".join(part.text or "" for part in client.models.generate_content_stream(model="genai", contents=text))
        return client.models.generate_content(model="genai", contents=text).text

    return call


def of_ollama():
    import ollama

    client = ollama.Client()

    def call(text, streamed):
        got = client.chat(model="ollama", messages=[{"role": "user", "content": text}], stream=streamed)
        return "".join(part.message.content for part in got) if streamed else got.message.content

    return call


def of_litellm(provider):
    import litellm

    litellm.suppress_debug_info = True

    def call(text, streamed):
        got = litellm.completion(f"{provider}/litellm-{provider}", [{"role": "user", "content": text}], stream=streamed,
                                 max_retries=RETRIES if provider == "openai" else 0, api_key=f"sk-key-of-litellm-{provider}",
                                 **({"stream_options": {"include_usage": True}} if streamed else {}))
        return "".join(part.choices[0].delta.content or "" for part in got if part.choices) if streamed else got.choices[0].message.content

    return call


SDKS = {"openai": of_openai, "anthropic": of_anthropic, "genai": of_genai, "ollama": of_ollama,
        **{f"litellm-{provider}": lambda provider=provider: of_litellm(provider) for provider in ("openai", "anthropic", "gemini", "ollama")}}


def main():
    sdk, first, end = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    call, seen = SDKS[sdk](), []
    for number in range(first, end):
        try:
            seen.append(call(f"call {number}.", number % 2 == 1))
        except Exception as error:  # noqa: BLE001: each SDK has its own
            seen.append(f"{type(error).__name__}: {error}"[:200])
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main()
