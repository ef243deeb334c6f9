// Whether a cell's text is still what ran: by the digest that a run carries, the counterpart of nbtrack/capture/begin.py.

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) {
    value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  }
  return value;
});

/** CRC-32 of a cell's code, without its `%%track` line and what surrounds it. */
export function sourceDigest(source: string): string {
  const code = source.replace(/^\s*%%track\b[^\n]*(\n|$)/, '').replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(code)) {
    crc = (TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  }
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, '0');
}
