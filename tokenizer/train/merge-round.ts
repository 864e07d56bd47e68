/**
 * What one round of merging has met: which tokens stood beside the merged pair, how often, and in which pieces. A
 * neighbour has a *place*: a token to the left its id, one to the right its id after all those, and last of all comes the
 * place for what is between two merged pairs that touch ("abab").
 */
export class MergeRound {
  /** Places that something was noted at, in the order of the first note: the first `placeCount` are valid. */
  readonly places: Int32Array;
  placeCount = 0;
  /** By place: occurrences, and the number of pieces that they are in. */
  readonly counts: Float64Array;
  readonly pieceCounts: Uint32Array;
  /** By place: the pair that begins there, to be set by the reader of this. */
  readonly pairs: Int32Array;
  /** Each piece of each place, pieces ascending: the first `visitCount` are valid. */
  visitPlaces = new Int32Array(1 << 10);
  visitPieces = new Int32Array(1 << 10);
  visitCount = 0;

  readonly #maxTokens: number;
  readonly #lastPiece: Int32Array;

  constructor(maxTokens: number) {
    const places = 2 * maxTokens + 1;
    this.#maxTokens = maxTokens;
    this.places = new Int32Array(places);
    this.counts = new Float64Array(places);
    this.pieceCounts = new Uint32Array(places);
    this.pairs = new Int32Array(places);
    this.#lastPiece = new Int32Array(places).fill(-1);
  }

  placeLeft(token: number): number {
    return token;
  }

  placeRight(token: number): number {
    return this.#maxTokens + token;
  }

  get placeBetween(): number {
    return 2 * this.#maxTokens;
  }

  /** The two pairs of a place where (left, right) became `merged`: [ended left, ended right, begun left, begun right]. */
  pairsAt(place: number, left: number, right: number, merged: number): readonly [number, number, number, number] {
    if (place === this.placeBetween) return [right, left, merged, merged];
    const token = place % this.#maxTokens;
    return place < this.#maxTokens ? [token, left, token, merged] : [right, token, merged, token];
  }

  /** Notes one occurrence in a piece that occurs `count` times. Pieces come in ascending order. */
  note(place: number, piece: number, count: number): void {
    if (this.counts[place] === 0) this.places[this.placeCount++] = place;
    this.counts[place]! += count;
    if (this.#lastPiece[place] === piece) return;
    this.#lastPiece[place] = piece;
    this.pieceCounts[place]!++;
    if (this.visitCount === this.visitPlaces.length) this.#growVisits();
    this.visitPlaces[this.visitCount] = place;
    this.visitPieces[this.visitCount++] = piece;
  }

  clear(): void {
    for (let i = 0; i < this.placeCount; i++) {
      const place = this.places[i]!;
      this.counts[place] = 0;
      this.pieceCounts[place] = 0;
      this.#lastPiece[place] = -1;
    }
    this.placeCount = 0;
    this.visitCount = 0;
  }

  #growVisits(): void {
    const places = new Int32Array(2 * this.visitPlaces.length);
    const pieces = new Int32Array(places.length);
    places.set(this.visitPlaces);
    pieces.set(this.visitPieces);
    this.visitPlaces = places;
    this.visitPieces = pieces;
  }
}
