import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

const run = promisify(execFile);
const folder = new URL('../deploy/', import.meta.url);
const fileOf = (path: string): string => fileURLToPath(new URL(path, folder));
const contentOf = (path: string): Promise<string> => readFile(fileOf(path), 'utf8');
const operating = await readFile(new URL('../docs/operating.md', import.meta.url), 'utf8');
const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');

const has = (program: string): Promise<boolean> =>
  run(program, ['--version']).then(
    () => true,
    () => false,
  );
/** Debian has it: apt-get install prometheus. */
const hasPromtool = await has('promtool');
/** Debian has it: apt-get install systemd. */
const hasSystemd = await has('systemd-analyze');

describe('the rules of Prometheus', () => {
  test.runIf(hasPromtool)(
    'are valid, and raise their alerts (needs promtool: apt-get install prometheus)',
    async () => {
      const checked = await run('promtool', [
        'check',
        'rules',
        fileOf('prometheus/tidings.rules.yml'),
      ]);
      expect(checked.stdout).toMatch(/SUCCESS: \d+ rules found/);
      await run('promtool', ['test', 'rules', fileOf('prometheus/tidings.rules.test.yml')]);
    },
  );

  test('are the conditions that the page for operators lists', async () => {
    interface Rule {
      readonly expr: string;
      readonly for?: string;
    }
    const { groups } = parse(await contentOf('prometheus/tidings.rules.yml'));
    const rules = groups.flatMap(({ rules: each }: { rules: Rule[] }) => each) as Rule[];
    const conditions = rules.map((rule) =>
      rule.for === undefined ? rule.expr : `${rule.expr} for ${rule.for.replace('m', ' min')}`,
    );
    const [, table = ''] = operating.split('Alert on these');
    const [section = ''] = table.split('\n## ');
    const listed = Array.from(section.matchAll(/^\| `([^`]+)`( for \d+ min)?/gm), (row) =>
      [row[1], row[2]].join(''),
    );
    expect(listed.length).toBeGreaterThan(5);
    expect(conditions.toSorted()).toEqual(listed.toSorted());
  });
});

test('the dashboard shows every metric of the gateway, and nothing else', async () => {
  interface Panel {
    readonly targets: readonly { readonly expr: string }[];
  }
  const { panels }: { panels: Panel[] } = JSON.parse(await contentOf('grafana/tidings.json'));
  const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const shown = expressions.flatMap((expr) => expr.match(/\btidings_\w+/g) ?? []);
  const [table = ''] = operating.split('Alert on these');
  const known: string[] = table.match(/\btidings_\w+/g) ?? [];
  const withoutSuffix = new Set(shown.map((name) => name.replace(/_bucket$/, '')));
  expect([...withoutSuffix].filter((name) => !known.includes(name))).toEqual([]);
  expect([...new Set(known)].filter((name) => !withoutSuffix.has(name))).toEqual([]);
});

test.runIf(hasSystemd)(
  'systemd takes the unit (needs systemd-analyze: apt-get install systemd)',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tidings-unit-'));
    const unit = join(directory, 'tidings.service');
    // The program must be on the machine that checks it.
    const text = (await contentOf('systemd/tidings.service')).replace(
      '/usr/bin/node',
      process.execPath,
    );
    await writeFile(unit, text);
    const { stderr } = await run('systemd-analyze', ['verify', unit]);
    expect(stderr.split('\n').filter((line) => line.includes(unit))).toEqual([]);
    await rm(directory, { recursive: true });
  },
);

describe('the manifest for Kubernetes', async () => {
  const objects = parseAllDocuments(await contentOf('kubernetes/tidings.yaml')).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  });
  const one = (kind: string) => objects.find((object) => object.kind === kind);
  const pod = one('Deployment').spec.template;
  const [container] = pod.spec.containers;

  test('selects the pods that it makes', () => {
    const { labels } = pod.metadata;
    expect(one('Deployment').spec.selector.matchLabels).toEqual(labels);
    expect(one('Service').spec.selector).toEqual(labels);
    expect(one('PodDisruptionBudget').spec.selector.matchLabels).toEqual(labels);
  });

  test('names ports, volumes, configuration and secrets that it has', () => {
    const ports = container.ports.map(({ name }: { name: string }) => name);
    for (const probe of ['readinessProbe', 'livenessProbe', 'startupProbe']) {
      expect(ports).toContain(container[probe].httpGet.port);
    }
    expect(ports).toContain(one('Service').spec.ports[0].targetPort);
    expect(String(container.ports[0].containerPort)).toBe(one('ConfigMap').data.TIDINGS_PORT);
    const volumes = pod.spec.volumes.map(({ name }: { name: string }) => name);
    expect(container.volumeMounts.map(({ name }: { name: string }) => name).toSorted()).toEqual(
      volumes.toSorted(),
    );
    expect(container.envFrom[0].configMapRef.name).toBe(one('ConfigMap').metadata.name);
  });

  test('sets variables that the gateway reads', () => {
    const names = [
      ...Object.keys(one('ConfigMap').data),
      ...container.env.map(({ name }: { name: string }) => name),
    ];
    for (const name of names) expect(readme).toContain(`| \`${name}\` |`);
  });
});
