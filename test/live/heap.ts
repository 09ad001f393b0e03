import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** After a collection, so that only reachable objects count; without the buffers of sockets. */
export function megabytesInUse(): number {
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
