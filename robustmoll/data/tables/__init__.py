"""Tables by name, for likelihood models; a new one is a subclass of `Table` in a file here and an import below."""

from robustmoll.data.tables.columns import Columns
from robustmoll.data.tables.embedded import EmbeddedTable
from robustmoll.data.tables.table_file import TableFile
from robustmoll.data.tables.table_set import Table, TableSet, Values
from robustmoll.data.tables.toys import GaussianRing, Moons, VonMisesRing
from robustmoll.data.tables.uci import Parkinsons, RedWine, WhiteWine

__all__ = [
    "Columns",
    "EmbeddedTable",
    "GaussianRing",
    "Moons",
    "Parkinsons",
    "RedWine",
    "Table",
    "TableFile",
    "TableSet",
    "Values",
    "VonMisesRing",
    "WhiteWine",
]
