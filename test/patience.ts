import { vi } from 'vitest';

/** A condition is waited for so long unless a test says otherwise: a crowded machine is slow, not wrong. */
const patience = 20_000;
const { waitFor } = vi;
vi.waitFor = (condition, options = patience) => waitFor(condition, options);
