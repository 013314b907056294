"""Records every message that leaves the agent, as the bytes that go to the wire."""

from pfi_common.rpc.channel import secure_channel


class RecordingChannel:
    """A channel that keeps what is serialised for sending.

    Args:
        channel: The channel that sends.
        sent: Where (method, bytes) are added.
    """

    def __init__(self, channel, sent: list[tuple[str, bytes]]) -> None:
        self._channel = channel
        self._sent = sent

    async def __aenter__(self):
        await self._channel.__aenter__()
        return self

    async def __aexit__(self, *error):
        return await self._channel.__aexit__(*error)

    def _recorded(self, kind: str, method: str, request_serializer, **arguments):
        def serialize(message) -> bytes:
            data = request_serializer(message)
            self._sent.append((method, data))
            return data

        return getattr(self._channel, kind)(method, request_serializer=serialize, **arguments)

    def unary_unary(self, method, **arguments):
        return self._recorded("unary_unary", method, **arguments)

    def unary_stream(self, method, **arguments):
        return self._recorded("unary_stream", method, **arguments)

    def stream_unary(self, method, **arguments):
        return self._recorded("stream_unary", method, **arguments)

    def stream_stream(self, method, **arguments):
        return self._recorded("stream_stream", method, **arguments)


class Recorder:
    """Opens recording channels.

    Attributes:
        sent: Method and bytes of every message, in order.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []

    def open_channel(self, target, identity) -> RecordingChannel:
        return RecordingChannel(secure_channel(target, identity), self.sent)
