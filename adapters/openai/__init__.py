"""The chat completions of OpenAI and of everything that speaks like it.

One adapter for OpenAI, Azure's `/openai/v1`, vLLM, Ollama's and TGI's `/v1`, OpenRouter, Groq, Mistral:
what they answer goes to the client as it is; where they differ from OpenAI, it is their framing, their
errors and where they put the usage, and that is what this room evens out.
"""

from adapters.openai.chat import OpenAIChat

__all__ = ["OpenAIChat"]
