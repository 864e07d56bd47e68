/** Pages as nobody writes them, drawn from a generator of numbers below 1. */

const SCRAPS = [
  ..."< > </ <! <!-- --> <? & &# &#x &amp &#0; &#xd800; \" ' = / <p> </p> <table> <tr> <td> </table> <li> <ul> </ul>".split(
    " ",
  ),
  ..."<a\u00a0href=x> </a> <b> <pre> </pre> <script> </script> <title> <svg> </svg> <select> <button> </div> <br><br>".split(
    " ",
  ),
  ..."<noscript> </noscript> <textarea> <h1> <blockquote> <dd> <body> <html> <![CDATA[ ]]> \0 \ud800 \udc00 \ufeff".split(
    " ",
  ),
];

/** A page with some of it cut out, doubled, moved or replaced by scraps of markup. */
export function mutatedPage(html: string, next: () => number): string {
  let page = html;
  const place = () => Math.floor(next() * page.length);
  for (let change = 1 + Math.floor(next() * 12); change > 0; change--) {
    const at = place();
    const to = Math.min(page.length, at + Math.floor(next() ** 3 * 2000));
    const part = page.slice(at, to);
    const scrap = SCRAPS[Math.floor(next() * SCRAPS.length)]!;
    const otherPlace = place();
    const kind = Math.floor(next() * 5);
    if (kind === 0) page = page.slice(0, at) + page.slice(to);
    else if (kind === 1) page = page.slice(0, at) + scrap + page.slice(at);
    else if (kind === 2) page = page.slice(0, at) + scrap.repeat(20) + page.slice(to);
    else if (kind === 3) page = page.slice(0, otherPlace) + part + page.slice(otherPlace);
    else page = next() < 0.1 ? page.slice(0, at) : page.slice(0, at) + part + page.slice(at);
  }
  return page;
}

/** Nothing but scraps. */
export function scrapPage(next: () => number): string {
  const draw = () => (next() < 0.3 ? "x y " : SCRAPS[Math.floor(next() * SCRAPS.length)]!);
  return Array.from({ length: Math.floor(next() * 40) }, draw).join("");
}
