/** reached says whether RTP timestamp `ts` is at or after `first`, on the 32-bit circle. */
export function reached(ts: number, first: number): boolean {
  return ((ts - first) >>> 0) < 0x8000_0000
}
