import { bootGateway } from '../harness.ts';
import { describeContract } from './contract.ts';

describeContract('the embedded journal and PGlite', async () => {
  const gateway = await bootGateway({ embedded: true });
  return { gateways: [gateway], [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() };
});
