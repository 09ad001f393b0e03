import { vi } from 'vitest';

/** Waits until a check passes, as long as a busy machine may take. */
export const eventually = (check: () => unknown): Promise<unknown> => vi.waitFor(check);
