/** Settings as words of the command line. */
import { InvalidArgumentError } from "commander";
import { parseDocument } from "yaml";
import { oneLine } from "../../errors.ts";

/** `name`, or `name=value` with a value in YAML, of which JSON is a part. */
export function nameAndValue(text: string): { readonly name: string; readonly value: unknown } {
  const at = text.indexOf("=");
  if (at < 0) return { name: text, value: undefined };
  return { name: text.slice(0, at), value: fromYaml(text.slice(at + 1)) };
}

function fromYaml(text: string): unknown {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error === undefined) return document.toJS() as unknown;
  throw new InvalidArgumentError(`expected JSON or YAML behind "=", found ${JSON.stringify(text)}: ${told(error)}`);
}

function told({ message }: Error): string {
  return oneLine(message.split("\n")[0]);
}

/** `1,4,8` */
export function wholeNumbers(text: string): readonly number[] {
  const numbers = text.split(",").map(Number);
  if (numbers.every((n) => Number.isSafeInteger(n) && n >= 1)) return numbers;
  throw new InvalidArgumentError(`expected whole numbers from 1 between commas, found ${JSON.stringify(text)}`);
}

/** Adds to what the flag gave before. */
export function collected<T>(make: (text: string) => T): (text: string, before: readonly T[] | undefined) => T[] {
  return (text, before = []) => [...before, make(text)];
}
