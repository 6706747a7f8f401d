"""Partitions of hive: folders `name=value`, whose names are columns of the files in them."""

from itertools import takewhile
from pathlib import PurePath
from urllib.parse import unquote

_NULL = "__HIVE_DEFAULT_PARTITION__"


def is_partition(name: str) -> bool:
    """Whether a folder with this name is a partition.

    >>> is_partition("speaker=ann"), is_partition("speaker"), is_partition(".x=1")
    (True, False, False)
    """
    return name.find("=") > 0 and not name.startswith((".", "_"))


def is_shard(path: PurePath) -> bool:
    """Whether a file with this path is a Parquet file and not hidden."""
    return path.suffix.lower() == ".parquet" and not path.name.startswith((".", "_"))


def partitions_of(root: PurePath, shard: PurePath) -> dict[str, str | None]:
    """The columns that the folders of a shard stand for, with their values; a root may lie within a partition.

    >>> partitions_of(PurePath("a"), PurePath("a/sequence=call%201/speaker=__HIVE_DEFAULT_PARTITION__/0.parquet"))
    {'sequence': 'call 1', 'speaker': None}
    >>> partitions_of(PurePath("a/sequence=call"), PurePath("a/sequence=call/speaker=ann/0.parquet"))
    {'sequence': 'call', 'speaker': 'ann'}
    """
    outer = root.parts if root != shard else root.parts[:-1]
    above = list(takewhile(is_partition, reversed(outer)))[::-1]
    folders = [*above, *shard.parts[len(root.parts) : -1]]
    pairs = [folder.split("=", 1) for folder in folders if is_partition(folder)]
    return {unquote(name): None if value == _NULL else unquote(value) for name, value in pairs}
