"""Colours of clusters, apart for all kinds of colour vision, on white and on dark grounds."""

# Six of Okabe and Ito's, then each the farthest (OKLab, as normal, protan and deutan eyes see it) from all before it.
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
    """The colour of cluster 0, 1, 2, ...; after 20 they come again.

    >>> colour(0), colour(20)
    ('#0072b2', '#0072b2')
    """
    return COLOURS[number % len(COLOURS)]


def marker(number: int) -> str:
    """The marker that tells clusters of similar colours apart; with it, 60 of them look different."""
    return MARKERS[number % len(MARKERS)]
