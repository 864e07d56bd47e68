/** A growing list of 32-bit integers. */
export class IntList {
  values: Int32Array;
  length = 0;

  constructor(room = 128) {
    this.values = new Int32Array(room);
  }

  push(value: number): void {
    if (this.length === this.values.length) {
      const wider = new Int32Array(2 * this.length);
      wider.set(this.values);
      this.values = wider;
    }
    this.values[this.length++] = value;
  }

  /** What the list holds, without room to grow. */
  view(): Int32Array {
    return this.values.subarray(0, this.length);
  }
}
