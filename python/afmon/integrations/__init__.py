"""afmon in the tools that people generate with: a module each, which needs the tool only where it is used.

    from afmon.integrations import openai
    client = openai.wrap(OpenAI(), monitor)
"""
from typing import TypeVar

from ..monitoring import GenerationMonitor as GenerationMonitor

T = TypeVar("T")
