/**
 * Paragraphs with personal data that is to be masked, and with what looks like it and is to stay. Nobody's: hosts end in
 * `.example`, telephone numbers are of ranges kept for fiction, and IP addresses of a block that is not announced.
 */
import { dateName, goodsName, personName, type Site, slug } from "./templates.ts";

/** How often each kind was planted: what the stage `pii` is to count. */
export interface PersonalData {
  readonly emails: number;
  readonly phones: number;
  readonly ips: number;
}

export interface ContactParagraph {
  readonly text: string;
  /** The same after masking. */
  readonly masked: string;
  readonly personal: PersonalData;
}

const MASKS = { emails: "|||EMAIL_ADDRESS|||", phones: "|||PHONE_NUMBER|||", ips: "|||IP_ADDRESS|||" } as const;

/** Sentences with two of each kind. What must stay stands among it: a private address, a fragment, versions, sums, dates. */
export function contactParagraph(site: Site, random: () => number): ContactParagraph {
  const found = { emails: 0, phones: 0, ips: 0 };
  const pieces: { readonly text: string; readonly mask?: string }[] = [];
  const say = (text: string) => pieces.push({ text });
  const plant = (kind: keyof PersonalData, text: string) => {
    found[kind]++;
    pieces.push({ text, mask: MASKS[kind] });
  };
  const person = personName(random);
  say(`Letters for ${person} reach us at `);
  plant("emails", emailOf(person, site));
  say(`, and ${personName(random)} answers the telephone at `);
  plant("phones", `(${2 + below(8, random)}${digits(2, random)}) 555-01${digits(2, random)}`);
  say(` whenever ${personName(random)} is away. From abroad the number for ${personName(random)} is `);
  plant("phones", `+44 20 7946 0${digits(3, random)}`);
  say(`; the archive that ${personName(random)} keeps lies at `);
  plant("ips", publicIp(random));
  say(` and a copy by ${personName(random)} at http://`);
  plant("ips", publicIp(random));
  say(`:8080/${slug(goodsName(random))} for all to read. `);
  const other = personName(random);
  say(`Please write to ${other} under `);
  plant("emails", emailOf(other, site).replace("@", `+${slug(goodsName(random))}@`));
  say(` about the ${goodsName(random).toLowerCase()} of order ${digits(8, random)} `);
  say(`and whether $${1 + below(9, random)},${digits(3, random)}.50 is too much. `);
  say(
    `Within the house it is 192.168.${below(256, random)}.${below(256, random)} that ${personName(random)} looks for, `,
  );
  say(`while @${slug(personName(random))} or ${slug(personName(random))}@ will do for messages; `);
  say(`the reader v${below(9, random)}.${below(9, random)}.${below(9, random)}.${below(9, random)} `);
  say(
    `of 20${digits(2, random)}-0${1 + below(9, random)}-1${below(10, random)} is new enough for ${personName(random)}.`,
  );
  return {
    text: pieces.map(({ text }) => text).join(""),
    masked: pieces.map(({ text, mask }) => mask ?? text).join(""),
    personal: found,
  };
}

/** Numbers that would be telephone numbers but for the words beside them. They reach a hundred characters far. */
export function libraryParagraph(random: () => number): string {
  return (
    `The ${goodsName(random).toLowerCase()} that ${personName(random)} describes has since been lent to ` +
    `${personName(random)}, who keeps it beside the ${goodsName(random).toLowerCase()} and shows it on request. ` +
    `The catalogue is in print (ISBN 2${digits(9, random)}), ${personName(random)} wrote its preface, ` +
    `and the study that came out on ${dateName(random)} is doi:10.5555/${digits(3, random)}.${digits(6, random)}.`
  );
}

function emailOf(person: string, site: Site): string {
  return `${person.replace(" ", ".")}@${site.host}`;
}

/** 11.0.0.0/8 is public by its number, and has never been in use on the open internet. */
function publicIp(random: () => number): string {
  return `11.${below(256, random)}.${below(256, random)}.${below(256, random)}`;
}

function digits(count: number, random: () => number): string {
  return Array.from({ length: count }, () => below(10, random)).join("");
}

function below(limit: number, random: () => number): number {
  return Math.floor(random() * limit);
}
