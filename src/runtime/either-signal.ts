/**
 * A signal that is aborted with the first of two. Disposing it leaves nothing at either of them, where AbortSignal.any
 * of Node 20 leaves a reference at a signal for as long as the signal lives.
 */
export class EitherSignal implements Disposable {
  readonly signal: AbortSignal;
  readonly #sources: readonly AbortSignal[];
  readonly #abort: () => void;

  constructor(...sources: readonly [AbortSignal, AbortSignal]) {
    const controller = new AbortController();
    this.signal = controller.signal;
    this.#sources = sources;
    this.#abort = () => controller.abort(sources.find(({ aborted }) => aborted)?.reason);
    for (const source of sources) source.addEventListener('abort', this.#abort);
    if (sources.some(({ aborted }) => aborted)) this.#abort();
  }

  [Symbol.dispose](): void {
    for (const source of this.#sources) source.removeEventListener('abort', this.#abort);
  }
}
