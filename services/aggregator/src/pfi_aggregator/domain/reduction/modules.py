"""How an adapter is cut into pieces of whole modules, whatever its rank."""

from dataclasses import dataclass
from functools import cached_property

from pfi_common.tensors import LoraModule, Placed, Schema, lora_modules, placed_tensors

_PIECE_COORDINATES = 1 << 18


@dataclass(frozen=True)
class ModulePiece:
    """What one piece merges.

    Attributes:
        modules: Positions of its modules among all.
        whole: Names of its tensors that are no factors: a classifier's head.
    """

    modules: tuple[int, ...] = ()
    whole: tuple[str, ...] = ()


@dataclass(frozen=True)
class AdapterParts:
    """The parts of an adapter of one schema.

    Attributes:
        schema: The schema.
    """

    schema: Schema

    @cached_property
    def modules(self) -> tuple[LoraModule, ...]:
        """Its modules; those of the same schema at another rank have the same order."""
        return lora_modules(self.schema)

    @cached_property
    def whole(self) -> dict[str, Placed]:
        """Its tensors that are no factors, by name."""
        placed = placed_tensors(self.schema)
        return {part.tensor.name: part for part in placed if not part.tensor.is_lora}

    @cached_property
    def pieces(self) -> tuple[ModulePiece, ...]:
        """Groups of modules with 2^18 coordinates or more, the last one maybe less; then heads."""
        groups: list[tuple[int, ...]] = []
        group: list[int] = []
        coordinates = 0
        for position, module in enumerate(self.modules):
            group.append(position)
            coordinates += module.a.tensor.coordinate_count + module.b.tensor.coordinate_count
            if coordinates >= _PIECE_COORDINATES:
                groups.append(tuple(group))
                group, coordinates = [], 0
        if group:
            groups.append(tuple(group))
        heads = [ModulePiece(whole=(name,)) for name in self.whole]
        return (*(ModulePiece(modules=modules) for modules in groups), *heads)

    def places(self, piece: ModulePiece) -> tuple[Placed, ...]:
        """Gives the tensors of a piece, in the order in which its result has them."""
        factors = (
            part
            for position in piece.modules
            for part in (self.modules[position].a, self.modules[position].b)
        )
        return (*factors, *(self.whole[name] for name in piece.whole))
