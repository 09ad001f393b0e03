import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What makes a produced message one that Kafka keeps once. */
interface Produced {
  readonly producerId: bigint;
  readonly sequence: number;
  readonly partition: number;
}

/** A broker in front of another one. It calls itself the controller, which librdkafka's mock cluster lacks. */
export interface KafkaController extends AsyncDisposable {
  /** host:port */
  readonly address: string;
  readonly produced: readonly Produced[];
  /** The connection ends instead of the next answer to a message, which the broker behind has taken. */
  loseNextAnswer(): void;
}

const [produce, metadata] = [0, 3];

export async function startKafkaController(behind: string): Promise<KafkaController> {
  const { hostname, port } = new URL(`tcp://${behind}`);
  const sockets = new Set<Socket>();
  const produced: Produced[] = [];
  let losesNext = false;
  const server = createServer((client) => {
    const broker = connect(Number(port), hostname);
    /** The kinds of requests without an answer, in their order. */
    const asked: { readonly key: number; readonly version: number }[] = [];
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => other.destroy());
    }
    onFrames(client, (frame) => {
      const key = frame.readInt16BE(4);
      asked.push({ key, version: frame.readInt16BE(6) });
      if (key === produce) produced.push(producedIn(frame));
      broker.write(frame);
    });
    onFrames(broker, (frame) => {
      const { key, version } = asked.shift() ?? { key: -1, version: 0 };
      if (key === produce && losesNext) {
        losesNext = false;
        client.destroy();
        return;
      }
      client.write(key === metadata ? ownMetadata(frame, version) : frame);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port: ownPort } = server.address() as AddressInfo;

  /** Every broker is this one, and the controller as well. The layout is that of the versions 1 to 8. */
  const ownMetadata = (frame: Buffer, version: number): Buffer => {
    let at = version >= 3 ? 12 : 8;
    const skipText = () => {
      at += 2 + Math.max(0, frame.readInt16BE(at));
    };
    const brokers = frame.readInt32BE(at);
    at += 4;
    const id = frame.readInt32BE(at);
    for (let count = 0; count < brokers; count += 1) {
      at += 4;
      skipText();
      frame.writeInt32BE(ownPort, at);
      at += 4;
      skipText();
    }
    if (version >= 2) skipText();
    frame.writeInt32BE(id, at);
    return frame;
  };

  return {
    address: `127.0.0.1:${ownPort}`,
    produced,
    loseNextAnswer() {
      losesNext = true;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Each frame begins with its length. */
function onFrames(socket: Socket, take: (frame: Buffer) => void): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
      const length = 4 + pending.readInt32BE(0);
      take(Buffer.from(pending.subarray(0, length)));
      pending = pending.subarray(length);
    }
  });
}

/** Of the only batch of a request of the versions 3 to 8. */
function producedIn(frame: Buffer): Produced {
  let at = 12;
  const skipText = () => {
    at += 2 + Math.max(0, frame.readInt16BE(at));
  };
  skipText();
  skipText();
  at += 2 + 4 + 4;
  skipText();
  at += 4;
  const partition = frame.readInt32BE(at);
  // The partition, the size of the batch, and its header as far as the id of the producer.
  at += 4 + 4 + 43;
  return {
    partition,
    producerId: frame.readBigInt64BE(at),
    sequence: frame.readInt32BE(at + 10),
  };
}
