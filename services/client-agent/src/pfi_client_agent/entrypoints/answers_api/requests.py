"""What a request to the API may say. Unknown fields are refused, and so is what cannot be done."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from pfi_client_agent.domain.answering import ChatMessage, Sampling, Wishes

MODEL = "pfi"
"""The one model: whatever answers on this device."""

_MAXIMUM_MESSAGES = 512
_STOPS = 4
Stop = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TextPart(_Strict):
    """A part of a message; text alone is understood."""

    type: Literal["text"]
    text: str


class Message(_Strict):
    """One turn."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]
    name: str | None = None

    def turn(self) -> ChatMessage:
        """Give it in the agent's own words."""
        text = (
            self.content
            if isinstance(self.content, str)
            else "\n".join(part.text for part in self.content)
        )
        return ChatMessage("system" if self.role == "developer" else self.role, text)


class StreamOptions(_Strict):
    """How a stream is sent."""

    include_usage: bool = False
    include_obfuscation: bool = False


class Extension(_Strict):
    """What is asked of PFI alone: the request's field `pfi`."""

    documents: bool = True
    passages: int = Field(default=4, ge=1, le=50)
    personal: bool = True
    passage_text: bool = False


class ChatRequest(_Strict):
    """Body of `POST /v1/chat/completions`."""

    model: str
    messages: list[Message] = Field(min_length=1, max_length=_MAXIMUM_MESSAGES)
    stream: bool = False
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    stop: Stop | list[Stop] | None = None
    seed: int | None = Field(default=None, ge=-(1 << 63), lt=1 << 63)
    pfi: Extension = Extension()
    # Accepted as what they are without effect.
    n: Literal[1] | None = None
    presence_penalty: Literal[0] | None = None
    frequency_penalty: Literal[0] | None = None
    logprobs: Literal[False] | None = None
    # Notes of the caller's own.
    user: str | None = None
    metadata: dict[str, Any] | None = None
    store: bool | None = None

    @field_validator("presence_penalty", "frequency_penalty", mode="before")
    @classmethod
    def _whole(cls, value: object) -> object:
        return 0 if value == 0 else value

    @field_validator("stop")
    @classmethod
    def _few(cls, value: str | list[str] | None) -> str | list[str] | None:
        if isinstance(value, list) and len(value) > _STOPS:
            raise ValueError(f"at most {_STOPS} stop texts")
        return value

    def turns(self) -> list[ChatMessage]:
        """Give the conversation."""
        return [message.turn() for message in self.messages]

    def wishes(self) -> Wishes:
        """Give everything else."""
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        sampling = Sampling(
            temperature=self.temperature or 0.0,
            top_p=1.0 if self.top_p is None else self.top_p,
            maximum_tokens=self.max_completion_tokens or self.max_tokens,
            stop=tuple(stop),
            seed=self.seed,
        )
        wanted = self.pfi
        return Wishes(sampling, wanted.documents, wanted.passages, wanted.personal)
