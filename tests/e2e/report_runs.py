"""Runs for the tests of reports."""

MARKUP = "</td></style><script>alert(1)</script><img src=x onerror=alert(2)> & \"q\" 'a' | `c` [l](http://x) *b* @team #1 ‮bidi \u0007"
HOSTILE = [MARKUP, "x" * 10000, "名前 ünïcode 😀", "-->", "]]>", "{{7*7}}", "\\", "a\nb\r\n# heading\n| cell"]


def add_generation(run, at, success=True, duration=1.0, operation="answer_generation", error_type="timeout", model="m",
                   reason="stop", **metadata):
    """The samples of a tracked generation."""
    common = {"operation": operation, **metadata}
    run.add("generation_time", duration, at, **common)
    run.add("success_rate", 1.0 if success else 0.0, at, **common)
    run.add("error_rate", 0.0 if success else 1.0, at, **common)
    if not success:
        run.add("api_errors", 1.0, at, error_type=error_type, **common)
    run.add(f"model_usage:{model}", 1.0, at, **common)
    run.add(f"finish_reason:{reason}", 1.0, at, **common)
    for kind, tokens in (("prompt", 100.0), ("completion", 50.0), ("total", 150.0)):
        run.add(f"{kind}_token_count", tokens, at, model_name=model, **common)


def add_evaluation(run, at, score, evaluator="judge", name="tone", success=True):
    run.add("evaluation_time", 0.5, at, evaluator_type=evaluator, success=success, operation="evaluation")
    run.add(f"evaluation_score_{name}", score, at, evaluator_type=evaluator, operation="evaluation")
    run.add("evaluation_error_rate", 0.0 if success else 1.0, at, evaluator_type=evaluator, operation="evaluation")


def typical(run):
    """An hour with trouble in its middle."""
    for i in range(720):
        bad = 240 <= i < 360 and i % 2 == 0
        add_generation(run, i * 5.0, not bad, 0.5 + i % 7, component="opensimula" if i % 3 == 0 else None,
                       operation=["answer_generation", "question_generation"][i % 2],
                       error_type=["timeout", "RateLimitError"][i % 4 // 2], model=["large", "small"][i % 2])
        if i % 10 == 0:
            add_evaluation(run, i * 5.0, i % 5 / 5)
    run.add_text("this is no sample\n")


def hostile(run):
    for i, name in enumerate(HOSTILE):
        add_generation(run, float(i), i % 2 == 0, operation=name, error_type=name, model=name, reason=name, component=name)
        add_evaluation(run, float(i), 0.5, evaluator=name, name=name)
