import { expect, test } from 'vitest';
import { startGatewayProcess } from './gateway-process.ts';
import { expectNothingLost, followAll, Storm } from './storm.ts';

test('an embedded gateway that is killed in a storm has lost nothing that it acknowledged', async () => {
  await using gateway = await startGatewayProcess();
  const follower = followAll(gateway.url);
  const storm = new Storm([gateway.url]);
  for (let round = 0; round < 3; round++) {
    await storm.more(400);
    await gateway.kill();
    await gateway.start();
  }
  await storm.more(400);
  await storm.stop();
  await expectNothingLost(storm, gateway.url, follower);
  await follower.stop();
});

test('a gateway that is asked to stop finishes the accepted reports and exits with 0', async () => {
  await using gateway = await startGatewayProcess();
  const follower = followAll(gateway.url);
  const storm = new Storm([gateway.url]);
  await storm.more(400);
  expect(await gateway.stop()).toBe(0);
  await gateway.start();
  await storm.more(100);
  await storm.stop();
  await expectNothingLost(storm, gateway.url, follower);
  await follower.stop();
});
