import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { readChunks } from "../../pipeline/io/chunks.ts";
import type { HttpTiming } from "../../pipeline/io/http.ts";
import { openByteSource } from "../../pipeline/io/open.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { type FaultServer, serveRange, startFaultServer } from "./fault-server.ts";

const random = seededRandom(7);
const body = Buffer.from(Array.from({ length: 300_000 }, () => Math.floor(random() * 256)));

let waits: number[] = [];
const http: Partial<HttpTiming> = {
  attempts: 4,
  stallMs: 150,
  firstDelayMs: 100,
  maxDelayMs: 1000,
  random: () => 1,
  sleep: async (ms) => void waits.push(ms),
};

let server: FaultServer;
let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-open-"));
});
after(() => rm(dir, { recursive: true }));
beforeEach(async () => {
  waits = [];
  server = await startFaultServer(body);
});
afterEach(() => server.close());

/** Fails the n-th ranged read (not the probe) the way `fail` says. */
function failOnce(fail: FaultServer["fault"], times = 1): void {
  let left = times;
  server.fault = (request, response, range) =>
    request.headers.range !== "bytes=0-0" && left-- > 0 && fail(request, response, range);
}

async function readWhole(): Promise<Buffer> {
  const source = await openByteSource(server.url, { http });
  return source.read(0, source.bytes);
}

test("a remote file reads like a local one, anywhere and past its end", async () => {
  const path = join(dir, "local.bin");
  await writeFile(path, body);
  const [local, remote] = [await openByteSource(path), await openByteSource(server.url, { http })];
  for (const [offset, length] of [
    [0, 10],
    [299_990, 100],
    [300_000, 5],
    [400_000, 5],
    [12_345, 100_000],
    [5, 0],
  ] as const) {
    const expected = body.subarray(offset, offset + length);
    assert.deepEqual(await local.read(offset, length), Buffer.from(expected));
    assert.deepEqual(await remote.read(offset, length), Buffer.from(expected));
  }
  assert.equal(remote.revision, '"v1"');
  assert.equal(remote.bytes, local.bytes);
  await local.close();
});

test("a body that is cut goes on from the byte reached", async () => {
  failOnce((_request, response, range) => {
    serveRange(response, server, range, (part) => response.write(part.subarray(0, 70_000), () => response.destroy()));
    return true;
  });
  assert.deepEqual(await readWhole(), body);
  const resumed = Number(/^bytes=(\d+)-/.exec(server.ranges[2]!)![1]);
  assert.ok(resumed > 0 && resumed <= 70_000, `resumed at ${resumed}`);
});

test("a short answer that claims to be whole is asked for the rest", async () => {
  failOnce((_request, response, { first }) => {
    serveRange(response, server, { first, last: first + 999 });
    return true;
  }, 2);
  assert.deepEqual(await readWhole(), body);
  assert.deepEqual(server.ranges.slice(2), ["bytes=1000-299999", "bytes=2000-299999"]);
});

test("a stalled connection is cut and the read goes on", async () => {
  failOnce((_request, response, range) => {
    serveRange(response, server, range, (part) => response.write(part.subarray(0, 50_000)));
    return true;
  });
  const begun = Date.now();
  assert.deepEqual(await readWhole(), body);
  assert.ok(Date.now() - begun < 2000);
});

test("a connection that drips slower than the least rate is cut", async () => {
  let drips = 0;
  server.fault = (request, response, range) => {
    if (request.headers.range === "bytes=0-0") return false;
    serveRange(response, server, range, (part) => {
      const timer = setInterval(() => response.write(part.subarray(drips++, drips)), 20);
      response.on("close", () => clearInterval(timer));
    });
    return true;
  };
  const source = await openByteSource(server.url, { http: { ...http, attempts: 2, minBytesPerSecond: 2000 } });
  await assert.rejects(source.read(0, 100), { name: "RetryError", message: /not done after \d+ ms/ });
});

test("waits double, and 503 with Retry-After is waited for as long as it says, up to the limit", async () => {
  const retryAfter = ["3", "100000", undefined];
  failOnce((_request, response) => {
    const seconds = retryAfter.shift();
    response.writeHead(503, seconds === undefined ? {} : { "retry-after": seconds });
    response.end("slow down");
    return true;
  }, 3);
  assert.deepEqual(await readWhole(), body);
  assert.deepEqual(waits, [3000, 120_000, 400]);
});

test("a server that always fails is given up, in bounded requests, as something to retry later", async () => {
  server.fault = (_request, response) => {
    response.writeHead(500);
    response.end();
    return true;
  };
  await assert.rejects(openByteSource(server.url, { http }), {
    name: "RetryError",
    message: `${server.url}: gave up after 4 failed requests; the last: HTTP 500 Internal Server Error`,
  });
  assert.equal(server.ranges.length, 4);
  assert.deepEqual(waits, [100, 200, 400]);
});

test("a server that gives one byte a request is given up too", async () => {
  failOnce((_request, response, range) => {
    serveRange(response, server, range, (part) => response.write(part.subarray(0, 1), () => response.destroy()));
    return true;
  }, 1e9);
  await assert.rejects(readWhole(), { name: "RetryError" });
  assert.ok(server.ranges.length <= 6, `${server.ranges.length} requests`);
});

test("a refused connection is something to retry later", async () => {
  await server.close();
  await assert.rejects(openByteSource(server.url, { http }), { name: "RetryError", message: /ECONNREFUSED/ });
  server = await startFaultServer(body);
});

test("404 fails at once and says what to check", async () => {
  server.fault = (_request, response) => {
    response.writeHead(404);
    response.end("<html>nothing here</html>");
    return true;
  };
  await assert.rejects(openByteSource(server.url, { http }), { name: "RecipeError", message: /404 Not Found; check/ });
  assert.equal(server.ranges.length, 1);
});

test("another range than the one asked for is never used", async () => {
  failOnce((_request, response, { first, last }) => {
    serveRange(response, server, { first: first + 1, last });
    return true;
  }, 2);
  assert.deepEqual(await readWhole(), body, "a passing fault is mended");
  failOnce((_request, response, { first, last }) => {
    serveRange(response, server, { first: first + 1, last });
    return true;
  }, 1e9);
  await assert.rejects(readWhole(), {
    name: "FormatError",
    message: /part\.bin: gave up .* asked for bytes 0-299999, Content-Range says "bytes 1-299999\/300000"/,
  });
});

test("a file that changes between two requests is an error that names it", async () => {
  const source = await openByteSource(server.url, { http });
  await source.read(0, 10);
  server.etag = '"v2"';
  await assert.rejects(source.read(10, 10), {
    name: "FormatError",
    message: /part\.bin: the file changed.*"v2".*"v1"/,
  });
  server.etag = "";
  server.body = body.subarray(0, 1000);
  await assert.rejects(source.read(10, 10), { name: "FormatError", message: /1000 bytes; opened with 300000 bytes/ });
  await assert.rejects(source.read(5000, 10), { name: "FormatError", message: /the file changed/ });
});

test("a server that honours If-Range answers a changed file with 200, which is told as a change", async () => {
  const source = await openByteSource(server.url, { http });
  server.fault = (request, response) => {
    assert.equal(request.headers["if-range"], '"v1"');
    response.writeHead(200, { etag: '"v2"' });
    response.end(body);
    return true;
  };
  await assert.rejects(source.read(0, 10), { name: "FormatError", message: /the file changed/ });
});

test("a server without ranges, and one that compresses on the way, are refused with what to do", async () => {
  server.fault = (_request, response) => {
    response.writeHead(200, { "content-length": body.length });
    response.end(body);
    return true;
  };
  await assert.rejects(openByteSource(server.url, { http }), { message: /ignores Range requests.*download it/ });
  server.fault = (_request, response) => {
    response.writeHead(206, { "content-encoding": "gzip", "content-range": "bytes 0-0/9" });
    response.end("x");
    return true;
  };
  await assert.rejects(openByteSource(server.url, { http }), { message: /Content-Encoding gzip.*download it/ });
});

test("an empty remote file has no bytes", async () => {
  server.body = Buffer.alloc(0);
  const source = await openByteSource(server.url, { http });
  assert.equal(source.bytes, 0);
  assert.equal((await source.read(0, 10)).length, 0);
});

test("a file that is not the planned one is refused", async () => {
  const path = join(dir, "planned.bin");
  await writeFile(path, body);
  const source = await openByteSource(path);
  await source.close();
  const { bytes, revision } = source;
  await utimes(path, new Date(0), new Date(0));
  await assert.rejects(openByteSource(path, { expected: { bytes, revision } }), {
    name: "FormatError",
    message: /planned\.bin: the file changed since the run was planned/,
  });

  const planned = { bytes: body.length, revision: '"v1"' };
  await (await openByteSource(server.url, { http, expected: planned })).close();
  server.etag = '"v2"';
  await assert.rejects(openByteSource(server.url, { http, expected: planned }), {
    message: /revision ""v2""; planned/,
  });
});

test("a local file that shrinks while it is read says where it ends", async () => {
  const path = join(dir, "shrinks.bin");
  await writeFile(path, body);
  const source = await openByteSource(path);
  await truncate(path, 100);
  await assert.rejects(source.read(50, 100), {
    name: "FormatError",
    message: /shrinks\.bin @ 100: the file ends here/,
  });
  await source.close();
});

test("missing files, folders and bad URLs are recipe errors", async () => {
  await assert.rejects(openByteSource(join(dir, "none")), { name: "RecipeError", message: /none: no such file/ });
  await assert.rejects(openByteSource(dir), { name: "RecipeError", message: /expected a file, found a folder/ });
  await assert.rejects(openByteSource("http://"), { name: "RecipeError", message: /not a valid URL/ });
});

test("chunks cover a range once, and a consumer may leave early", async () => {
  const source = await openByteSource(server.url, { http });
  const chunks: Buffer[] = [];
  for await (const chunk of readChunks(source, 1000, 10_500, 1024)) chunks.push(chunk);
  assert.deepEqual(Buffer.concat(chunks), Buffer.from(body.subarray(1000, 10_500)));
  for await (const _ of readChunks(source, 0, 10_000, 1024)) break;
  server.fault = (_request, response) => {
    response.writeHead(403);
    response.end();
    return true;
  };
  await assert.rejects(async () => {
    for await (const _ of readChunks(source, 0, 10_000, 1024)) assert.fail("no chunk was to come");
  }, /403/);
});

test("a read goes into the room it is given, unless that is too small", async () => {
  const path = join(dir, "room");
  await writeFile(path, body);
  const source = await openByteSource(path);
  const room = Buffer.alloc(1000);
  const inside = await source.read(5000, 400, room);
  assert.ok(inside.equals(body.subarray(5000, 5400)));
  assert.ok(room.subarray(0, 400).equals(inside) && inside.buffer === room.buffer);
  assert.ok(room.subarray(400).every((byte) => byte === 0));
  const tail = await source.read(body.length - 10, 5000, room);
  assert.ok(tail.equals(body.subarray(-10)) && tail.buffer === room.buffer);
  const larger = await source.read(0, 1001, room);
  assert.ok(larger.equals(body.subarray(0, 1001)) && larger.buffer !== room.buffer);
  await source.close();
});
