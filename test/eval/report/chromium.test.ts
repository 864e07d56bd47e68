import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { reportHtml } from "../../../eval/report/index.ts";
import { Chromium, findChromium } from "./chromium.ts";
import { hostileData, reportData } from "./fixture.ts";

const path = findChromium();
const skip = path === undefined && "needs Debian's chromium on the path, or the CHROMIUM variable";
const dir = mkdtempSync(join(tmpdir(), "sluice-report-"));
/** What the page asked for, and what it complained about. */
const requests: string[] = [];
const complaints: string[] = [];
let browser: Chromium;

before(async () => {
  if (path === undefined) return;
  browser = new Chromium(path, join(dir, "profile"));
  await browser.open();
  browser.onEvent((method, params) => {
    if (method === "Network.requestWillBeSent") requests.push((params as { request: { url: string } }).request.url);
    if (method === "Runtime.consoleAPICalled" || method === "Runtime.exceptionThrown" || method === "Log.entryAdded")
      complaints.push(JSON.stringify(params));
  });
  for (const domain of ["Page", "Network", "Runtime", "Log"]) await browser.send(`${domain}.enable`);
});

after(async () => {
  if (path !== undefined) await browser.close();
  rmSync(dir, { recursive: true, force: true });
});

for (const [name, data] of [
  ["five arms", reportData()],
  ["hostile strings", hostileData()],
] as const) {
  test(`${name}: Chromium shows the page without a complaint or a request but for the page`, { skip }, async () => {
    const url = await show(name, await reportHtml(data));
    assert.deepEqual(requests, [url]);
    assert.deepEqual(complaints, []);
    const drawn = await browser.evaluate(
      `[...document.querySelectorAll("figure svg")].map((svg) => svg.getBoundingClientRect()).filter(({ width, height }) => width > 200 && height > 15).length`,
    );
    const images = await browser.evaluate(`document.querySelectorAll("figure svg").length`);
    assert.ok(Number(images) > 10);
    assert.equal(drawn, images);
    assert.equal(await browser.evaluate("document.compatMode"), "CSS1Compat");
    assert.equal(await browser.evaluate("document.querySelectorAll('script, img, iframe').length"), 0);
  });

  test(`${name}: the page itself is never wider than the window; wide tables and charts scroll`, { skip }, async () => {
    await show(name, await reportHtml(data));
    for (const width of [1280, 400]) {
      await browser.send("Emulation.setDeviceMetricsOverride", {
        width,
        height: 900,
        deviceScaleFactor: 1,
        mobile: false,
      });
      assert.ok(Number(await browser.evaluate("document.documentElement.scrollWidth")) <= width, `at ${width} pixels`);
      const unreachable = await browser.evaluate(
        `[...document.querySelectorAll(".scroll")].filter((box) => box.scrollWidth > box.clientWidth && box.tabIndex !== 0).length`,
      );
      if (name === "five arms" && width === 1280) assert.equal(unreachable, 0);
    }
    await browser.send("Emulation.clearDeviceMetricsOverride");
  });
}

test("the first stop of the keyboard leads to the verdicts", { skip }, async () => {
  await show("keyboard", await reportHtml(reportData()));
  for (const type of ["keyDown", "keyUp"])
    await browser.send("Input.dispatchKeyEvent", { type, key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 });
  assert.equal(await browser.evaluate("document.activeElement.hash"), "#verdicts");
});

test("print shows what is folded", { skip }, async () => {
  const { samples } = reportData();
  await show("print", await reportHtml(reportData({ samples: samples.slice(0, 1) })));
  const { data } = await browser.send<{ data: string }>("Page.printToPDF", { printBackground: true });
  const text = await textOfPdf(Buffer.from(data, "base64"));
  // A cell of a folded table, and a page's text.
  for (const folded of ["of documents", "Call us today for a quote."]) assert.ok(text.includes(folded), folded);
});

async function textOfPdf(pdf: Uint8Array): Promise<string> {
  const { getDocument, VerbosityLevel } = await import("pdfjs-dist/legacy/build/pdf.mjs");
  const document = await getDocument({ data: new Uint8Array(pdf), verbosity: VerbosityLevel.ERRORS }).promise;
  let text = "";
  for (let n = 1; n <= document.numPages; n++) {
    const { items } = await (await document.getPage(n)).getTextContent();
    text += items.map((item) => ("str" in item ? item.str : "")).join(" ");
  }
  await document.destroy();
  return text.replace(/\s+/g, " ");
}

async function show(name: string, html: string): Promise<string> {
  const file = join(dir, `${name.replaceAll(" ", "-")}.html`);
  writeFileSync(file, html);
  const url = pathToFileURL(file).href;
  requests.length = 0;
  complaints.length = 0;
  const loaded = new Promise<void>((resolve) =>
    browser.onEvent((method) => {
      if (method === "Page.loadEventFired") resolve();
    }),
  );
  await browser.send("Page.navigate", { url });
  await loaded;
  return url;
}
