import { execFileSync } from 'node:child_process';

/**
 * Stops a process and all that it started without ending them: their connections stay open and nothing is answered.
 * Disposing lets them go on.
 */
export function freeze(pid: number): Disposable {
  const frozen = [pid];
  // The parent first, so that it starts no others meanwhile.
  for (const each of frozen) {
    process.kill(each, 'SIGSTOP');
    frozen.push(...childrenOf(each));
  }
  return {
    [Symbol.dispose]() {
      for (const each of frozen.reverse()) process.kill(each, 'SIGCONT');
    },
  };
}

function childrenOf(pid: number): number[] {
  try {
    const pids = execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' });
    return pids.trim().split('\n').map(Number);
  } catch {
    // pgrep exits with 1 where it finds none.
    return [];
  }
}
