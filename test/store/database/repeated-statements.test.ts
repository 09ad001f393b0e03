import { expect, test } from 'vitest';
import { RepeatedStatements } from '../../../src/store/database/repeated-statements.ts';

test('a statement has a name from its second time on, and keeps it', () => {
  const statements = new RepeatedStatements();
  expect(statements.known('SELECT 1')).toBe('SELECT 1');
  expect(statements.known('SELECT 2')).toBe('SELECT 2');
  const named = statements.known('SELECT 1');
  expect(named).toMatchObject({ text: 'SELECT 1' });
  expect(statements.known('SELECT 1')).toBe(named);
  expect(statements.known('SELECT 2')).not.toMatchObject({
    name: (named as { name: string }).name,
  });
});

test('fifty statements have names, and statements that run once take none of them', () => {
  const statements = new RepeatedStatements();
  for (let n = 0; n < 10_000; n += 1) statements.known(`SELECT ${n} AS once`);
  for (let n = 0; n < 60; n += 1) {
    statements.known(`SELECT ${n}`);
    statements.known(`SELECT ${n}`);
  }
  const named = Array.from({ length: 60 }, (_, n) => statements.known(`SELECT ${n}`)).filter(
    (statement) => typeof statement !== 'string',
  );
  expect(new Set(named.map(({ name }) => name)).size).toBe(50);
});
