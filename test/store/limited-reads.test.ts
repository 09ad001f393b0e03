import { createLog } from '../../src/telemetry/log.ts';
import { temporaryPglite } from '../database.ts';
import { limitedReadsContract } from './limited-reads-contract.ts';

limitedReadsContract(async () => ({
  ...(await temporaryPglite()),
  exclusive: true,
  log: createLog('silent'),
}));
