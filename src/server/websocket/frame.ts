/** Frames of RFC 6455, section 5.2, as a server sends them: not masked, in one piece. */

const text = 0x81;
const twoBytes = 126;
const eightBytes = 127;

let lastLength = -1;
let lastHead = '';

/** The head of a frame with opcode text, one character a byte. Kept, because messages of one length follow each other. */
export function textFrameHead(length: number): string {
  if (length === lastLength) return lastHead;
  lastLength = length;
  lastHead = String.fromCharCode(text, ...lengthBytes(length));
  return lastHead;
}

function lengthBytes(length: number): readonly number[] {
  if (length < twoBytes) return [length];
  if (length < 2 ** 16) return [twoBytes, length >>> 8, length & 0xff];
  const high = Math.floor(length / 2 ** 32);
  const bytes = [high, length].flatMap((half) => [
    (half >>> 24) & 0xff,
    (half >>> 16) & 0xff,
    (half >>> 8) & 0xff,
    half & 0xff,
  ]);
  return [eightBytes, ...bytes];
}
