from pfi_coordinator.application.ports.piece_queue import PieceOrder


class MemoryPieceQueue:
    """In-memory twin of `pfi_coordinator.application.ports.piece_queue.PieceQueue`."""

    def __init__(self) -> None:
        self.orders: list[PieceOrder] = []

    async def send(self, order: PieceOrder) -> None:
        self.orders.append(order)
