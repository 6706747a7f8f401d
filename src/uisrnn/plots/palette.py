"""Colours of clusters, which differ for all kinds of colour vision, on white and on dark grounds."""

# Six colours of Okabe and Ito. Each further colour has the largest distance from all colours before it, in OKLab, for
# normal, protan and deutan vision.
COLOURS = (
    "#0072b2 #e69f00 #009e73 #cc79a7 #56b4e9 #d55e00 #793131 #004986 #9e6dff #7900f3 "
    "#aace92 #925549 #7900b6 #00dbce #86b679 #795586 #c231c2 #c23100 #e77931 #dbc255"
).split()
MARKERS = "osD^vP"
WRONG = "#c1121f"
INK = "#333333"
FAINT = "#8a8a8a"
GROUND = "#f3f3f3"


def colour(number: int) -> str:
    """The colour of cluster 0, 1, 2, ...; the 20 colours repeat.

    >>> colour(0), colour(20)
    ('#0072b2', '#0072b2')
    """
    return COLOURS[number % len(COLOURS)]


def marker(number: int) -> str:
    """The marker of a cluster; with colours and markers together, 60 clusters look different."""
    return MARKERS[number % len(MARKERS)]
