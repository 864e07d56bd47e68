/** `sluice extract`: one page from a file, a server or standard input. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type ExtractedPage, extractPage } from "../../pipeline/cli/extract/extract-page.ts";
import { PAGE_TIMING } from "../../pipeline/cli/extract/input.ts";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { fetchPage, HTTP_TIMING } from "../../pipeline/io/http.ts";
import { sluice, tempDir } from "./harness.ts";

const DIR = tempDir();
const CLI = join(import.meta.dirname, "..", "..", "bin", "sluice.js");

const SENTENCE = "Gold is heavier than sand, and so it stays where the water slows down.";
const TEXT = Array.from({ length: 12 }, () => SENTENCE).join(" ");
const PAGE = `<!doctype html><html lang="en"><head><title>Gold</title></head><body>
<nav><a href="/">Home</a> <a href="/about">About</a></nav><article><p>${TEXT}</p></article></body></html>`;
/** Without a table of its objects: the reader looks for them. */
const PDF = `%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R
/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >> endobj
4 0 obj << /Length 44 >> stream
BT /F 12 Tf 72 700 Td (Gold in a letter) Tj ET
endstream endobj
trailer << /Root 1 0 R >>`;

let files = 0;
function write(name: string, bytes: string | Uint8Array): string {
  const dir = join(DIR, String(files++));
  mkdirSync(dir);
  writeFileSync(join(dir, name), bytes);
  return join(dir, name);
}

function textOf(page: ExtractedPage): string {
  if (!page.kept) assert.fail(`dropped: ${page.reason}`);
  return page.text;
}

test("a page's text is printed, and as JSON what was found beside it", async () => {
  const file = write("gold.html", PAGE);
  const plain = await sluice(["extract", file], { cwd: DIR });
  assert.equal(plain.code, 0, plain.stderr);
  assert.equal(plain.stdout, `${TEXT}\n`);
  assert.equal(plain.stderr, "");
  assert.deepEqual(await extractPage(file, { url: "https://gold.test/a" }), {
    url: "https://gold.test/a",
    mediaType: "text/html",
    bytes: PAGE.length,
    stage: "extract-html",
    kept: true,
    tags: { charset: "utf-8", title: "Gold", "html.lang": "en" },
    text: TEXT,
  });
});

test("flags are the parameters of extract-html; Markdown may be printed, or be the text of JSON", async () => {
  const comment = '<div class="comments"><p>So it is.</p></div>';
  const html = PAGE.replace("<article>", "<article><h2>Gold</h2>")
    .replace(SENTENCE, `<b>Gold</b> is <a href="/heavy">heavier</a> than sand.`)
    .replace("</body>", `${comment}</body>`);
  const file = write("gold.html", html);
  const printed = async (...flags: string[]): Promise<string> => {
    const { stdout, stderr, code } = await sluice(["extract", file, ...flags], { cwd: DIR });
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const markdown = await printed("--format", "markdown", "--comments");
  assert.ok(markdown.includes("**Gold** is heavier than sand. Gold is"), markdown);
  assert.ok(markdown.endsWith("\n\nSo it is.\n"), markdown);
  const json = JSON.parse(await printed("--format", "markdown", "--links", "--json")) as { text: string };
  assert.ok(json.text.includes("[heavier](/heavy)"), json.text);
  assert.ok((await printed("--boilerplate", "--no-captions", "--favor", "recall")).startsWith("Home About"));
});

test("standard input is read, and a page without text ends with its reason and exit code 1", () => {
  const input = "<html><body></body></html>";
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, "extract", "-", "--json"], {
    cwd: DIR,
    input,
    encoding: "utf8",
  });
  assert.equal(status, 1);
  assert.equal(stderr, "sluice: -: extract-html drops it: no-text (0)\n");
  const page = { url: "", mediaType: "text/html", bytes: input.length, stage: "extract-html" };
  assert.deepEqual(JSON.parse(stdout), { ...page, kept: false, reason: "no-text", value: 0 });
});

test("what cannot be printed whole is a failure", { skip: process.platform === "win32" }, () => {
  const page = write("long.html", `<p>${TEXT.repeat(20)}`);
  // A limit to a file's size cuts a write short as a full disk does; 8 are 4 or 8 KiB.
  const command = `ulimit -f 8; exec "$0" "$1" extract "$2" --boilerplate > printed`;
  const { status, stderr } = spawnSync("sh", ["-c", command, process.execPath, CLI, page], {
    cwd: DIR,
    encoding: "utf8",
  });
  assert.equal(stderr, "sluice: standard output: cannot be written (EFBIG: file too large, write)\n");
  assert.equal(status, 1);
});

test("the type comes from what is said, else the name, else the bytes; what is said may name the charset", async () => {
  const typeOf = async (name: string, bytes: string | Uint8Array, mediaType?: string) => {
    const { mediaType: type, stage } = await extractPage(write(name, bytes), { mediaType });
    return `${type} ${stage}`;
  };
  assert.equal(await typeOf("page", PAGE), "text/html extract-html");
  assert.equal(await typeOf("fragment.HTM", `<p>${SENTENCE}`), "text/html extract-html");
  assert.equal(await typeOf("page.xhtml", PAGE), "application/xhtml+xml extract-html");
  assert.equal(await typeOf("page.txt", PAGE, "TEXT/HTML; charset=x"), "text/html extract-html");
  assert.equal(await typeOf("really-a-pdf.html", PDF), "application/pdf extract-pdf");

  assert.equal(textOf(await extractPage(write("letter", PDF))), "Gold in a letter");
  const cyrillic = Buffer.from([...Buffer.from("<p>"), 0xc7, 0xee, 0xeb, 0xee, 0xf2, 0xee]);
  const file = write("cyrillic.html", cyrillic);
  assert.equal(textOf(await extractPage(file, { mediaType: "text/html;charset=windows-1251" })), "Золото");
});

test("what cannot be read is refused with what was expected", async () => {
  const file = write("notes.bin", Buffer.from([0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 1, 0, 1, 0]));
  for (const [place, options, message] of [
    [file, {}, /notes\.bin: found image\/gif, expected one of text\/html, .*application\/pdf.*; say .* --media-type/],
    [file, { mediaType: "html" }, /^--media-type: expected a type like text\/html, found "html"$/],
    [file, { url: "gold" }, /^--url: not a valid URL: "gold"$/],
    [
      file,
      { mediaType: "text/html", params: { engine: "best" } },
      /^extract-html\.engine: expected .*found string \("best"\)$/,
    ],
    [
      write("letter.pdf", PDF),
      { params: { engine: "readability" } },
      /^extract-pdf: unknown parameter "engine" \(it has: /,
    ],
    [write("nothing", ""), {}, /nothing: found no bytes at all, expected a page$/],
    [join(DIR, "absent.html"), {}, /absent\.html: no such file$/],
    [DIR, {}, /expected a file, found a folder$/],
    ["http://[", {}, /not a valid URL/],
  ] as const) {
    await assert.rejects(extractPage(place, options), (error) => {
      assert.ok(error instanceof RecipeError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let answer: Answer;
const server = createServer((request, response) => answer(request, response));
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
after(() => {
  server.close();
  server.closeAllConnections();
});
const BASE = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

test("a page is fetched whole: redirects followed, compression undone, charset and type as the server says", async () => {
  answer = ({ url, headers }, response) => {
    assert.equal(headers.range, undefined);
    if (url === "/old") response.writeHead(301, { location: "/new" }).end();
    else {
      response.writeHead(200, { "content-type": "text/html; charset=windows-1251", "content-encoding": "gzip" });
      response.end(gzipSync(Buffer.from([...Buffer.from("<p>"), 0xc7, 0xee, 0xeb, 0xee, 0xf2, 0xee])));
    }
  };
  const page = await extractPage(`${BASE}/old`);
  assert.equal(page.url, `${BASE}/new`);
  assert.equal(textOf(page), "Золото");
  assert.equal((await extractPage(`${BASE}/old`, { url: "https://gold.test/" })).url, "https://gold.test/");
});

test("a server that fails is asked again from the beginning; one that refuses is not", async () => {
  let requests = 0;
  const timing = { ...HTTP_TIMING, attempts: 3, sleep: async () => {} };
  const serve = (part: string): Answer => {
    return (_request, response) => {
      requests++;
      if (requests === 1) return void response.writeHead(503).end();
      response.writeHead(200, { "content-length": PAGE.length });
      if (requests === 2) response.write(part, () => response.destroy());
      else response.end(PAGE);
    };
  };
  answer = serve(PAGE.slice(0, 50));
  const { body, contentType } = await fetchPage(BASE, PAGE.length, timing);
  assert.equal(body.toString(), PAGE);
  assert.equal(contentType, "");
  assert.equal(requests, 3);
  await assert.rejects(fetchPage(BASE, PAGE.length - 1, timing), (error) => error instanceof FormatError);
  const waits: number[] = [];
  answer = (_request, response) => response.writeHead(429, { "retry-after": "3600" }).end();
  const patient = { ...PAGE_TIMING, sleep: async (ms: number) => void waits.push(ms) };
  await assert.rejects(fetchPage(BASE, 1, patient), { name: "RetryError" });
  assert.deepEqual(waits, [5000, 5000]);
  answer = (_request, response) => response.writeHead(404).end();
  await assert.rejects(extractPage(`${BASE}/gone`), { name: "RecipeError", message: /gone: HTTP 404/ });
});
