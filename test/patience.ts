/**
 * How long a test waits for a condition, or for a server of its own to start: a crowded machine is slow, not wrong.
 * Only a test that fails waits this long.
 */
export const patienceMs = 120_000;
