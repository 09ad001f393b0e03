import { type Target, targetFailed } from './target.ts';

/** A target that is loaded when it is used first: for libraries that a gateway without it does not need. */
export function lazyTarget(open: () => Promise<Target>): Target {
  let opening: Promise<Target> | null = null;
  return {
    async deliver(request) {
      request.signal.throwIfAborted();
      opening ??= open();
      const mine = opening;
      let target: Target;
      try {
        target = await mine;
      } catch (error) {
        // The next attempt opens it again.
        if (opening === mine) opening = null;
        return targetFailed(error);
      }
      return await target.deliver(request);
    },
    async [Symbol.asyncDispose]() {
      const target = await opening?.catch(() => null);
      await target?.[Symbol.asyncDispose]();
    },
  };
}
