"""The style of the report and the script that sorts its table; both are part of the file."""

from uisrnn.plots.palette import COLOURS


def _strokes(white: float) -> str:
    """The style rules for the colours of speakers, mixed with a share of white for a dark background."""
    return "".join(f"svg .c{number}{{stroke:{_mixed(shade, white)}}}" for number, shade in enumerate(COLOURS))


def _mixed(shade: str, white: float) -> str:
    parts = (int(shade[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(part + white * (255 - part)):02x}" for part in parts)


STYLE = """
:root{color-scheme:light dark;--ink:#1d1d1f;--faint:#5f6368;--line:#dadce0;--ground:#f1f3f4;--page:#fff;--wrong:#c1121f}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--faint:#a3a9b1;--line:#3c4043;--ground:#2a2d31;--page:#1b1d20;
--wrong:#ff6b6b}}
body{font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:1240px;margin:2rem auto;
padding:0 1.2rem}
h1{font-size:1.6rem;margin:0 0 .2rem}h2{font-size:1.15rem;margin:2.2rem 0 .7rem}p{color:var(--faint);margin:.2rem 0}
.tiles{display:flex;flex-wrap:wrap;gap:.6rem;margin:1.2rem 0}
.tiles div{background:var(--ground);border-radius:8px;padding:.5rem .9rem;min-width:6rem}
.tiles b{display:block;font-size:1.25rem;font-variant-numeric:tabular-nums}
.tiles span{color:var(--faint);font-size:.85rem}
.scroll{overflow:auto;max-height:70vh;border:1px solid var(--line);border-radius:8px}
table{border-collapse:collapse;width:100%;font-size:.88rem;font-variant-numeric:tabular-nums}
th,td{padding:.32rem .7rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left;max-width:22rem;overflow:hidden;text-overflow:ellipsis}
thead th{position:sticky;top:0;background:var(--ground);padding:0}
tfoot td{position:sticky;bottom:0;background:var(--ground);font-weight:600;border:0}
th button{all:unset;cursor:pointer;padding:.4rem .7rem;font-weight:600}th button:focus-visible{outline:2px solid}
th[aria-sort=ascending] button::after{content:" \\25B2";font-size:.7em}
th[aria-sort=descending] button::after{content:" \\25BC";font-size:.7em}
a{color:inherit;text-decoration-color:var(--faint)}
figure{margin:0 0 1.8rem;content-visibility:auto;contain-intrinsic-size:auto 240px}
figcaption{margin-bottom:.3rem;overflow-wrap:anywhere}figcaption span{color:var(--faint)}
svg{width:100%;height:auto;display:block}svg text{font:11px system-ui,sans-serif;fill:var(--ink)}
svg .n{text-anchor:end}svg .h{font-weight:600}svg .t{fill:var(--faint);text-anchor:middle}
svg path{fill:none;stroke-width:12}svg .g{stroke:var(--ground)}svg .e{stroke:var(--wrong)}svg .o{stroke:#8a8a8a}
svg .a{stroke:var(--line);stroke-width:1}
@media print{.scroll{max-height:none;overflow:visible}}
"""
STYLE += f"{_strokes(0.0)}\n@media(prefers-color-scheme:dark){{{_strokes(0.25)}}}"

SCRIPT = """
document.querySelectorAll("th button").forEach((button, column) => button.addEventListener("click", () => {
  const head = button.parentElement, body = document.querySelector("tbody");
  const up = head.getAttribute("aria-sort") !== "ascending";
  document.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const key = row => row.cells[column].dataset.v ?? row.cells[column].textContent;
  const order = (a, b) => column === 0 ? a.localeCompare(b, undefined, {numeric: true}) : a - b;
  [...body.rows].sort((first, second) => {
    const a = key(first), b = key(second);
    if (a === "" || b === "") return (a === "") - (b === "");
    return up ? order(a, b) : order(b, a);
  }).forEach(row => body.append(row));
}));
"""
