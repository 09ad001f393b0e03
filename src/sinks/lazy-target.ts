import type { Target } from './target.ts';

/** A target that is loaded when it is used first: for libraries that a gateway without it does not need. */
export function lazyTarget(open: () => Promise<Target>): Target {
  let target: Promise<Target> | null = null;
  return {
    async deliver(request) {
      target ??= open();
      return await (await target).deliver(request);
    },
    async [Symbol.asyncDispose]() {
      await (await target)?.[Symbol.asyncDispose]();
    },
  };
}
