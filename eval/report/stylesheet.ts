/** The page's only stylesheet; the content security policy lets in no other, and no style attribute. */
export const STYLESHEET = `
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1b1b1b; --quiet: #5c5c5c; --rule: #e4e4e4; --faint: #c4c4c4; --band: #ececec;
  --tint: #f6f6f3; --accent: #00568a; --warn: #8a4b00;
  --better: #0067a5; --worse: #c04a00; --kept: #0072b2; --dropped: #b5653a;
  --arm-0: #4d4d4d; --arm-1: #0072b2; --arm-2: #c85200; --arm-3: #00805d; --arm-4: #a63d96; --arm-5: #8a6d00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181a; --ink: #e4e4e2; --quiet: #a5a5a2; --rule: #34373a; --faint: #55585b; --band: #2a2d30;
    --tint: #1e2123; --accent: #7cc4f2; --warn: #f0b35a;
    --better: #5db4ee; --worse: #f08a4b; --kept: #5db4ee; --dropped: #d98e66;
    --arm-0: #b9b9b9; --arm-1: #5db4ee; --arm-2: #f08a4b; --arm-3: #3cc79b; --arm-4: #e08bd2; --arm-5: #d6b944;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif;
}
main { max-width: 52.5rem; margin: 0 auto; padding: 3rem 1.25rem 5rem; }
header, nav, p, section > ul, dl, figcaption { max-width: 44rem; }
a { color: var(--accent); text-underline-offset: 0.15em; text-decoration-thickness: 0.06em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: 0.5rem; }
h1, h2 { line-height: 1.2; font-weight: 650; text-wrap: balance; overflow-wrap: anywhere; }
h1 { font-size: 1.9rem; letter-spacing: -0.012em; margin: 0 0 1rem; }
h2 { font-size: 1.3rem; margin: 2.75rem 0 0.75rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
p, ul { margin: 0.75rem 0; }
.kind { margin: 0 0 0.25rem; color: var(--quiet); font-size: 0.875rem; }
.conclusion { font-size: 1.2rem; line-height: 1.45; margin: 1rem 0 1.5rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.3rem 1.25rem; margin: 1rem 0; font-size: 0.9375rem; }
dt { color: var(--quiet); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.warning { border-left: 3px solid var(--warn); background: var(--tint); padding: 0.6rem 0.9rem; margin: 1.25rem 0; }
.warning b { color: var(--warn); }
nav { font-size: 0.875rem; margin: 1.5rem 0 0; color: var(--quiet); }
nav ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0.15rem 1rem; }
li { overflow-wrap: anywhere; margin: 0.35rem 0; }
nav li { margin: 0; }
code { font: 0.8125em/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; overflow-wrap: anywhere; }
figure { margin: 2rem 0 2.5rem; }
figcaption { font-size: 0.9375rem; line-height: 1.45; margin-bottom: 0.75rem; overflow-wrap: anywhere; }
figcaption span { color: var(--quiet); }
.scroll { overflow-x: auto; }
.chart svg { display: block; width: 100%; max-width: 800px; min-width: 640px; height: auto; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 1rem 1.5rem; }
.panels p { margin: 0 0 0.25rem; font-size: 0.8125rem; overflow-wrap: anywhere; line-height: 1.35; }
.panels p span { color: var(--quiet); }
.panels svg { display: block; width: 100%; height: auto; }
svg text { white-space: pre; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; font-size: 0.875rem; line-height: 1.4; font-variant-numeric: tabular-nums lining-nums; margin: 0; }
.caption { color: var(--quiet); font-size: 0.875rem; line-height: 1.4; margin: 0 0 0.4rem; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.6rem; }
th:first-child, td:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
thead th { font-weight: 600; vertical-align: bottom; border-bottom: 1px solid var(--ink); }
tbody tr { border-bottom: 1px solid var(--rule); }
tbody tr:last-child { border-bottom-color: var(--ink); }
tbody th { font-weight: 400; min-width: 8.5rem; }
td { min-width: 6rem; }
th, td { overflow-wrap: break-word; max-width: 22rem; }
th.w, td.w { min-width: 16rem; }
tr.marked th, tr.marked td { font-weight: 650; background: var(--tint); }
tr:target th, tr:target td { background: var(--tint); }
th.n, td.n { text-align: right; }
tbody th.n, td.n { white-space: nowrap; min-width: 0; }
td code { overflow-wrap: break-word; }
.w code { overflow-wrap: anywhere; }
.table { margin: 1.5rem 0; }
details { margin: 0.75rem 0; }
summary { cursor: pointer; color: var(--accent); font-size: 0.9375rem; width: fit-content; max-width: 100%; overflow-wrap: anywhere; }
details[open] > summary { margin-bottom: 0.6rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--tint); padding: 0.75rem 0.9rem; margin: 0; font: 0.8125rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; }
@media (max-width: 40rem) {
  main { padding-top: 1.5rem; }
  h1 { font-size: 1.5rem; }
  .conclusion { font-size: 1.1rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 0.5rem; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --ink: #000; --quiet: #444; --rule: #ccc; --faint: #bbb; --band: #e8e8e8; --tint: #f3f3f3;
    --accent: #000; --warn: #000; --better: #0067a5; --worse: #c04a00; --kept: #0072b2; --dropped: #b5653a;
    --arm-0: #4d4d4d; --arm-1: #0072b2; --arm-2: #c85200; --arm-3: #00805d; --arm-4: #a63d96; --arm-5: #8a6d00;
  }
  @page { margin: 16mm 14mm; }
  html { font-size: 10pt; }
  body { font-size: 1rem; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  nav, .skip { display: none; }
  a { text-decoration: none; }
  h2, figcaption, .caption, thead, summary { break-after: avoid; }
  .chart, .panels > div, figcaption, tr, .warning { break-inside: avoid; }
  .scroll { overflow: visible; }
  .chart svg { min-width: 0; }
  table { font-size: 8pt; }
  th, td { padding: 0.15rem 0.4rem; }
  tbody th, td, th.w, td.w { min-width: 0; }
  details::details-content { content-visibility: visible; block-size: auto; }
  summary { list-style: none; color: inherit; }
}
`;
