import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Answer, exchange } from './exchange.ts';
import { Findings } from './findings.ts';
import { FuzzedGateway } from './gateway.ts';
import { type Fault, judge, judgeLine } from './judge.ts';
import type { FuzzOptions } from './options.ts';
import type { ProbeReport } from './probe.ts';
import { inputOf } from './surfaces/all.ts';
import { Witness } from './witness.ts';

export interface FuzzReport {
  readonly tried: ReadonlyMap<string, number>;
  readonly findings: Findings;
  readonly slowest: { readonly ms: number; readonly surface: string; readonly input: number };
  readonly probe: ProbeReport;
  readonly memory: { readonly start: number; readonly peak: number; readonly end: number };
  readonly logLines: number;
  readonly acknowledged: number;
  readonly slowestWitnessMs: number;
  readonly seconds: number;
}

const memoryEveryMs = 250;
/** After this time without an answer from /healthz, the gateway counts as stalled and is restarted. */
const stallMs = 30_000;
const maxRestarts = 20;
const maxIsolated = 20;
/** For a line that is written after the answer. */
const isolationMs = 150;

/** One run: a gateway, its inputs, and the findings. */
export class FuzzRun {
  readonly #options: FuzzOptions;
  readonly #databaseUrl: string | null;
  readonly #findings = new Findings();
  readonly #tried = new Map<string, number>();
  readonly #underWay = new Set<number>();
  #gateway!: FuzzedGateway;
  #restarting: Promise<void> | null = null;
  #restarts = 0;
  readonly #memory = { start: 0, peak: 0, end: 0 };
  #slowest = { ms: 0, surface: '', input: 0 };
  #logLines = 0;
  #next = 0;
  #over = false;

  constructor(options: FuzzOptions, databaseUrl: string | null) {
    this.#options = options;
    this.#databaseUrl = databaseUrl;
  }

  async run(): Promise<FuzzReport> {
    await using gateway = await FuzzedGateway.start({
      databaseUrl: this.#databaseUrl,
      onLine: (line) => this.#lineArrived(line),
      onCrash: (reason) => this.#crashed({ kind: 'crash', sign: reason }),
    });
    this.#gateway = gateway;
    const began = performance.now();
    const probe = startProbe(gateway.url);
    const witness = new Witness(gateway.url, (reason) => {
      if (this.#restarting === null)
        this.#found({ kind: 'valid request failed', sign: reason }, reason);
    });
    this.#memory.start = gateway.memory();
    const watching = setInterval(() => this.#watchMemory(), memoryEveryMs);
    const guarding = this.#guard();

    await this.#sendAll(began + this.#options.seconds * 1_000);
    await this.#restarting;
    await this.#isolate();
    await witness.stop();
    await this.#countLost(witness);
    this.#over = true;
    await guarding;
    clearInterval(watching);
    this.#memory.end = gateway.memory();
    return {
      tried: this.#tried,
      findings: this.#findings,
      slowest: this.#slowest,
      probe: await probeReport(probe),
      memory: this.#memory,
      logLines: this.#logLines,
      acknowledged: witness.acknowledged.size,
      slowestWitnessMs: witness.slowestMs,
      seconds: (performance.now() - began) / 1_000,
    };
  }

  async #sendAll(deadline: number): Promise<void> {
    const { inputs, only, concurrency } = this.#options;
    const numbers = only ?? { length: inputs };
    const sender = async (): Promise<void> => {
      while (this.#next < numbers.length && performance.now() < deadline) {
        const at = this.#next++;
        await this.#send(only?.[at] ?? at);
        await this.#restarting;
      }
    };
    await Promise.all(Array.from({ length: only ? 1 : concurrency }, sender));
  }

  /** Sends the suspects of a line in the log one by one, to learn which of them wrote it. */
  async #isolate(): Promise<void> {
    this.#findings.isCounting = false;
    const suspected = this.#findings.all
      .filter(({ kind, inputs }) => kind === 'error line' && inputs.length > 1)
      .slice(0, maxIsolated);
    for (const finding of suspected) {
      for (const number of finding.inputs) {
        await this.#send(number);
        await new Promise((resolve) => setTimeout(resolve, isolationMs));
        this.#underWay.delete(number);
        if (finding.inputs.length === 1) break;
        await this.#restarting;
      }
    }
    this.#findings.isCounting = true;
  }

  async #send(number: number): Promise<void> {
    const { surface, input } = inputOf(this.#options.seed, number);
    if (this.#findings.isCounting) this.#tried.set(surface, (this.#tried.get(surface) ?? 0) + 1);
    this.#underWay.add(number);
    const answer = await exchange(this.#gateway.ports, input);
    for (const fault of judge(answer)) {
      if (this.#restarting === null) {
        this.#findings.add(fault, surface, [number], answer.text.slice(0, 600));
      }
    }
    this.#timed(answer, surface, number);
    if (this.#findings.isCounting) this.#underWay.delete(number);
  }

  #timed({ ms }: Answer, surface: string, input: number): void {
    if (ms > this.#slowest.ms) this.#slowest = { ms, surface, input };
  }

  #found(fault: Fault, excerpt: string): void {
    this.#findings.add(fault, 'gateway', [...this.#underWay], excerpt);
  }

  #lineArrived(line: string): void {
    this.#logLines++;
    const fault = judgeLine(line);
    if (fault !== null) this.#found(fault, line.slice(0, 900));
  }

  #watchMemory(): void {
    const bytes = this.#gateway.memory();
    this.#memory.peak = Math.max(this.#memory.peak, bytes);
    if (bytes > this.#options.maxMemoryBytes && this.#restarting === null) {
      this.#crashed({ kind: 'memory', sign: 'more than --max-memory' });
    }
  }

  #crashed(fault: Fault): void {
    if (this.#over) return;
    this.#found(fault, fault.sign);
    if (++this.#restarts > maxRestarts) throw new Error('The gateway was started too often.');
    this.#restarting ??= this.#gateway
      .kill()
      .then(() => this.#gateway.start())
      .finally(() => {
        this.#restarting = null;
      });
  }

  /** Starts a gateway that answers nothing any more again. */
  async #guard(): Promise<void> {
    while (!this.#over) {
      const answered = await fetch(`${this.#gateway.url}/healthz`, {
        signal: AbortSignal.timeout(stallMs),
      }).then(
        () => true,
        () => false,
      );
      if (!answered && this.#restarting === null) {
        this.#crashed({ kind: 'stall', sign: `/healthz did not answer for ${stallMs / 1_000} s` });
      }
      await this.#restarting;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  async #countLost(witness: Witness): Promise<void> {
    const lost = await witness.lost().catch((error: Error) => [error.message]);
    if (lost.length > 0)
      this.#found({ kind: 'lost', sign: 'acknowledged, not stored' }, lost.slice(0, 5).join());
  }
}

function startProbe(url: string): ChildProcess {
  const probe = fork(fileURLToPath(new URL('./probe.ts', import.meta.url)));
  probe.send({ url });
  return probe;
}

async function probeReport(probe: ChildProcess): Promise<ProbeReport> {
  const reported = once(probe, 'message');
  probe.send('report');
  const [report] = (await reported) as [ProbeReport];
  return report;
}
