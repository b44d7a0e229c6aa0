"""Answers as OpenAI, Anthropic, Gemini and Ollama do, with failures, and keeps a log of what it was asked."""
import http.server
import json
import re
import socket
import struct
import threading
import time

PROMPT, COMPLETION = 21, 7
TEXT = "Once a week."
FAILURES = (429, 500, "hang up", "reset")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self):
        begin = time.monotonic()
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/api/show"):
            return self.answer(404, {"error": "it is not told"})
        number = int(re.search(rb"call (\d+)\.", data)[1])
        in_path = re.search(r"/models/([^:/]+):", self.path)
        body = json.loads(data)
        sdk = in_path[1] if in_path else body["model"]
        outcome = self.server.owner.take(sdk, number)
        time.sleep(self.server.owner.work_s)
        if outcome in ("hang up", "reset"):
            if outcome == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            self.connection.close()
        elif outcome != "ok":
            self.answer(outcome, {"error": {"message": f"status {outcome}", "type": "scripted", "code": outcome, "status": "SCRIPTED"}})
        else:
            self.speak(body)
        return self.server.owner.spent(sdk, time.monotonic() - begin)

    def speak(self, body):
        streamed = ":stream" in self.path or body.get("stream", self.path.endswith(("/api/chat", "/api/generate")))
        if ":" in self.path:
            self.gemini(streamed)
        elif "/api/" in self.path:
            self.ollama(streamed, body["model"])
        elif self.path.split("?")[0].endswith("/messages"):
            self.anthropic(streamed, body["model"])
        else:
            self.openai(streamed, body["model"])

    def openai(self, streamed, model):
        usage = {"prompt_tokens": PROMPT, "completion_tokens": COMPLETION, "total_tokens": PROMPT + COMPLETION}
        frame = {"id": "1", "created": 1, "model": model}
        if not streamed:
            return self.answer(200, {**frame, "object": "chat.completion", "usage": usage, "choices": [
                {"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}]})
        frame["object"] = "chat.completion.chunk"
        parts = [{**frame, "choices": [{"index": 0, "delta": {"role": "assistant", "content": part}, "finish_reason": None}]} for part in self.parts()]
        parts += [{**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}, {**frame, "choices": [], "usage": usage}]
        return self.events([f"data: {json.dumps(part)}\n\n" for part in parts] + ["data: [DONE]\n\n"])

    def anthropic(self, streamed, model):
        message = {"id": "1", "type": "message", "role": "assistant", "model": model, "content": [{"type": "text", "text": TEXT}],
                   "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": PROMPT, "output_tokens": COMPLETION}}
        if not streamed:
            return self.answer(200, message)
        parts = [{"type": "message_start", "message": {**message, "content": [], "stop_reason": None, "usage": {
                     "input_tokens": PROMPT, "output_tokens": 1}}},
                 {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                 *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": part}} for part in self.parts()),
                 {"type": "content_block_stop", "index": 0},
                 {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": COMPLETION}},
                 {"type": "message_stop"}]
        return self.events([f"event: {part['type']}\ndata: {json.dumps(part)}\n\n" for part in parts])

    def gemini(self, streamed):
        def part(text, more):
            return {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "index": 0, **more}], "usageMetadata": {
                "promptTokenCount": PROMPT, "candidatesTokenCount": COMPLETION - 2, "thoughtsTokenCount": 2,
                "totalTokenCount": PROMPT + COMPLETION}}

        if not streamed:
            return self.answer(200, part(TEXT, {"finishReason": "STOP"}))
        return self.events([f"data: {json.dumps(part(text, {}))}\r\n\r\n" for text in self.parts()] +
                           [f"data: {json.dumps(part('', {'finishReason': 'STOP'}))}\r\n\r\n"])

    def ollama(self, streamed, model):
        end = {"model": model, "created_at": "2026-01-01T00:00:00Z", "done": True, "done_reason": "stop", "prompt_eval_count": PROMPT,
               "eval_count": COMPLETION}

        def said(text, of):
            return {**of, **({"response": text} if self.path.endswith("generate") else {"message": {"role": "assistant", "content": text}})}

        if not streamed:
            return self.answer(200, said(TEXT, end))
        going = {"model": model, "created_at": "2026-01-01T00:00:00Z", "done": False}
        return self.events([json.dumps(said(text, going)) + "\n" for text in self.parts()] + [json.dumps(said("", end)) + "\n"],
                           "application/x-ndjson")

    @staticmethod
    def parts():
        return TEXT[:4], TEXT[4:8], TEXT[8:]

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(content)

    def events(self, texts, kind="text/event-stream"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for text in texts:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text.encode()), text.encode()))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


class ModelServer:
    """plan(sdk, number): the outcomes of a call's attempts; the last one is that of all further ones."""

    def __init__(self, plan, work_s=0.0):
        self.plan, self.work_s, self.lock = plan, work_s, threading.Lock()
        self.log = {}  # by SDK, by number: the outcomes
        self.seconds = {}  # by SDK: from a request's head to the last byte of its answer
        http.server.ThreadingHTTPServer.request_queue_size = 128
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.owner, self.server.daemon_threads = self, True
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, sdk, number):
        plan = self.plan(sdk, number)
        with self.lock:
            done = self.log.setdefault(sdk, {}).setdefault(number, [])
            done.append(plan[min(len(done), len(plan) - 1)])
            return done[-1]

    def spent(self, sdk, seconds):
        with self.lock:
            self.seconds[sdk] = self.seconds.get(sdk, 0.0) + seconds

    def close(self):
        self.server.shutdown()
        self.server.server_close()
