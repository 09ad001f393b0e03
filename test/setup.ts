import { vi } from 'vitest';
import { patienceMs } from './patience.ts';

const { waitFor, waitUntil } = vi;
vi.waitFor = (condition, options = patienceMs) => waitFor(condition, options);
vi.waitUntil = (condition, options = patienceMs) => waitUntil(condition, options);
