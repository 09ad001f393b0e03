import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What is still reachable: what waits to be collected depends on the machine. Without the buffers of sockets. */
export function megabytesInUse(): number {
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
