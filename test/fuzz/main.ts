import { hasSharedPostgres, startDatabase, startPostgres } from '../postgres.ts';
import { type Finding, printable, shown } from './findings.ts';
import { type FuzzReport, FuzzRun } from './fuzz-run.ts';
import { allowed, faultKinds } from './judge.ts';
import { type FuzzOptions, readOptions, usage } from './options.ts';
import { inputOf } from './surfaces/all.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const mib = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const report = await run(options);
  print(report, options);
  const wanted = options.only?.length ?? options.inputs;
  const tried = inputsOf(report);
  if (tried < wanted) say(`Only ${tried} of ${wanted} inputs were tried in ${options.seconds} s.`);
  if (report.findings.all.length > 0 || tried < wanted) process.exitCode = 1;
}

const inputsOf = ({ tried }: FuzzReport): number =>
  [...tried.values()].reduce((sum, count) => sum + count, 0);

async function run(options: FuzzOptions): Promise<FuzzReport> {
  if (!options.usesPostgres) return await new FuzzRun(options, null).run();
  // The suite's shared server where there is one, or a server of the run's own.
  await using database = hasSharedPostgres() ? await startDatabase() : await startPostgres();
  return await new FuzzRun(options, database.url).run();
}

function print(report: FuzzReport, { seed }: FuzzOptions): void {
  const { tried, findings, slowest, probe, memory } = report;
  say(`Inputs tried: ${inputsOf(report)} with seed ${seed} in ${report.seconds.toFixed(1)} s`);
  for (const [surface, count] of [...tried].sort()) say(`  ${surface.padEnd(26)}${count}`);
  say(`Slowest answer: ${Math.round(slowest.ms)} ms, ${slowest.surface}, input ${slowest.input}`);
  say(
    `/healthz meanwhile: p50 ${probe.p50} ms, p99 ${probe.p99} ms, p99.9 ${probe.p999} ms, max ${probe.max} ms of ${probe.answers} answers`,
  );
  say(
    `Resident memory: ${mib(memory.start)} at start, ${mib(memory.peak)} at most, ${mib(memory.end)} at the end`,
  );
  say(`Log lines: ${report.logLines}`);
  say(
    `Valid reports acknowledged: ${report.acknowledged}, slowest turn ${Math.round(report.slowestWitnessMs)} ms`,
  );
  const counts = findings.counts();
  say(`Faults: ${faultKinds.map((kind) => `${kind} ${counts.get(kind) ?? 0}`).join(', ')}`);
  say(`Allowed: ${allowed.join('; ')}`);
  for (const finding of findings.all) printFinding(finding, seed);
}

function printFinding(
  { kind, sign, surface, count, inputs, excerpt }: Finding,
  seed: number,
): void {
  say(`\n${kind} (${count}×) ${surface}: ${sign}`);
  const some = inputs.slice(0, 12);
  say(`  again: npm run fuzz -- --seed ${seed} --only ${some.join()}`);
  if (some.length === 1) say(`  input: ${shown(inputOf(seed, some[0] ?? 0).input)}`);
  say(`  answer: ${printable(excerpt)}`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${usage}\n`);
  process.exitCode = 1;
}
