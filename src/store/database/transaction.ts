import type { Transaction } from './connection.ts';

/** Runs the statements of `run` as one, in the session of the given ones; rolls back and rejects when it rejects. */
export async function inTransaction<Result>(
  session: Transaction,
  run: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  const { query } = session;
  await query('BEGIN');
  try {
    const result = await run(session);
    await query('COMMIT');
    return result;
  } catch (error) {
    await query('ROLLBACK');
    throw error;
  }
}
