/** Builds PDFs for tests, object by object: whole ones, and such as nobody should meet. */
import { createHash } from "node:crypto";

/** A text, and where its base line begins; the page is 612 by 792 points. */
export type PlacedText = readonly [text: string, x: number, y: number, size?: number];

/** A file of these objects, numbered from 1, the first being the catalog. */
export function pdfFile(objects: readonly (string | Buffer)[], trailer = ""): Buffer {
  const parts: Buffer[] = [Buffer.from("%PDF-1.7\n")];
  let length = parts[0]!.length;
  const offsets = objects.map((object, index) => {
    const part = Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), bytesOf(object), Buffer.from("\nendobj\n")]);
    parts.push(part);
    length += part.length;
    return length - part.length;
  });
  // An entry is exactly 20 bytes, its line end included.
  const entries = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const size = objects.length + 1;
  return Buffer.concat([
    ...parts,
    Buffer.from(
      `xref\n0 ${size}\n0000000000 65535 f \n${entries}trailer\n<< /Size ${size} /Root 1 0 R ${trailer} >>\n`,
    ),
    Buffer.from(`startxref\n${length}\n%%EOF\n`),
  ]);
}

export function streamObject(body: string | Buffer, dictionary = ""): Buffer {
  const bytes = bytesOf(body);
  const head = `<< /Length ${bytes.length} ${dictionary} >>\nstream\n`;
  return Buffer.concat([Buffer.from(head), bytes, Buffer.from("\nendstream")]);
}

const CATALOG = "<< /Type /Catalog /Pages 2 0 R >>";
const HELVETICA = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";

export interface PdfParts {
  /** Content streams, one for a page. */
  readonly contents: readonly (string | Buffer)[];
  /** Of each page's dictionary. */
  readonly page?: string;
  readonly catalog?: string;
  readonly trailer?: string;
  readonly info?: string;
  /** Of the streams' dictionaries. */
  readonly stream?: string;
  /** More objects: numbers 5 and up. */
  readonly more?: readonly (string | Buffer)[];
}

/** A file of pages with these contents, Helvetica as `/F`. Objects: 1 catalog, 2 page tree, 3 font, 4 information. */
export function pdfOfContents(parts: PdfParts): Buffer {
  const objects: (string | Buffer)[] = [parts.catalog ?? CATALOG, "", HELVETICA, `<< ${parts.info ?? ""} >>`];
  objects.push(...(parts.more ?? []));
  const kids = parts.contents.map((content) => {
    objects.push(streamObject(content, parts.stream));
    const resources = "/Resources << /Font << /F 3 0 R >> >>";
    const page = `/MediaBox [0 0 612 792] /Contents ${objects.length} 0 R ${parts.page ?? resources}`;
    objects.push(`<< /Type /Page /Parent 2 0 R ${page} >>`);
    return `${objects.length} 0 R`;
  });
  objects[1] = `<< /Type /Pages /Kids [${kids.join(" ")}] /Count ${kids.length} >>`;
  return pdfFile(objects, `/Info 4 0 R ${parts.trailer ?? ""}`);
}

/** What draws these texts. */
export function drawing(texts: readonly PlacedText[]): string {
  return texts
    .map(([text, x, y, size = 10]) => `BT /F ${size} Tf 1 0 0 1 ${x} ${y} Tm (${escaped(text)}) Tj ET`)
    .join("\n");
}

export function pdfOf(pages: readonly (readonly PlacedText[])[], parts: Partial<PdfParts> = {}): Buffer {
  return pdfOfContents({ ...parts, contents: pages.map(drawing) });
}

/**
 * A file of one text, really encrypted: standard security handler, revision 2, RC4 of 40 bits (ISO 32000-1, 7.6.3). Without
 * a user password anybody may read it, whatever its owner forbids.
 */
export function encryptedPdf(text: string, userPassword: string): Buffer {
  const id = Buffer.from("0123456789abcdef");
  const permissions = Buffer.from([0xc0, 0xff, 0xff, 0xff]); // -64: nothing is allowed
  const owner = rc4(md5(padded("owner")).subarray(0, 5), padded(userPassword));
  const key = md5(Buffer.concat([padded(userPassword), owner, permissions, id])).subarray(0, 5);
  const user = rc4(key, PADDING);
  const content = Buffer.from(drawing([[text, 72, 700]]));
  // The content is object 5: its number and generation go into its key.
  const own = md5(Buffer.concat([key, Buffer.from([5, 0, 0, 0, 0])])).subarray(0, 10);
  const encrypt = `<< /Filter /Standard /V 1 /R 2 /P -64 /O <${owner.toString("hex")}> /U <${user.toString("hex")}> >>`;
  const fileId = id.toString("hex");
  return pdfOfContents({ contents: [rc4(own, content)], trailer: `/Encrypt ${encrypt} /ID [<${fileId}> <${fileId}>]` });
}

const PADDING = Buffer.from("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a", "hex");

const padded = (password: string) => Buffer.concat([Buffer.from(password, "latin1"), PADDING]).subarray(0, 32);

const md5 = (bytes: Buffer) => createHash("md5").update(bytes).digest();

function rc4(key: Buffer, bytes: Buffer): Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, index) => index);
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + state[i]! + key[i % key.length]!) & 255;
    [state[i], state[j]] = [state[j]!, state[i]!];
  }
  let j = 0;
  return Buffer.from(
    bytes.map((byte, index) => {
      const i = (index + 1) & 255;
      j = (j + state[i]!) & 255;
      [state[i], state[j]] = [state[j]!, state[i]!];
      return byte ^ state[(state[i]! + state[j]!) & 255]!;
    }),
  );
}

const escaped = (text: string) =>
  text.replace(/[\\()]/g, "\\$&").replace(/[^ -~]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`);

const bytesOf = (part: string | Buffer) => (typeof part === "string" ? Buffer.from(part, "latin1") : part);
