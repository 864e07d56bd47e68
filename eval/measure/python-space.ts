/** Source of a regular expression: Python's `\s`. Unlike JavaScript's it has U+001C to U+001F and U+0085, and not U+FEFF. */
export const PYTHON_SPACE = String.raw`[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]`;
