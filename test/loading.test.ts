import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

/** The packages that are loaded with a file: those of types alone are not. */
function packagesOf(entry: string): ReadonlyMap<string, string> {
  const packages = new Map<string, string>();
  const seen = new Set<string>();
  const left = [entry];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const imports = readFileSync(path, 'utf8').matchAll(
      /^(?:import|export)\s(?!type\b)[^;]*?from '([^']+)'|^import '([^']+)'/gm,
    );
    for (const [, from, alone] of imports) {
      const specifier = from ?? alone ?? '';
      if (specifier.startsWith('.')) left.push(join(dirname(path), specifier));
      else if (!packages.has(specifier)) packages.set(specifier, path);
    }
  }
  return packages;
}

/** What each takes of a gateway that does not use it. */
test.each([
  ['@grpc/grpc-js', '10 MB'],
  ['kafkajs', '12 MB'],
  ['amqplib', '6 MB'],
  ['@grpc/proto-loader', '10 MB'],
])('%s, which takes %s, is loaded when it is used first', (library) => {
  const packages = packagesOf(join(import.meta.dirname, '../src/gateway/gateway.ts'));
  expect(packages.has('graphql')).toBe(true);
  expect(packages.get(library)).toBeUndefined();
});
