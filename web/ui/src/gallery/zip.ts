/**
 * A ZIP file of stored entries (PKWARE APPNOTE 6.3): JPEGs do not get smaller.
 * Parts become Blobs at once, which the browser keeps on disk when they are
 * many, so that a large selection does not fill the memory.
 */
export class Zip {
  private readonly parts: BlobPart[] = []
  private readonly directory: BlobPart[] = []
  private size = 0
  private directorySize = 0
  private count = 0
  private readonly names = new Set<string>()

  /** Bytes so far. */
  get bytes(): number {
    return this.size
  }

  add(wanted: string, data: Uint8Array<ArrayBuffer>, at: Date): void {
    let name = wanted
    for (let i = 2; this.names.has(name); i++) name = wanted.replace(/(\.\w+)?$/, ` (${i})$1`)
    this.names.add(name)
    const text = new TextEncoder().encode(name)
    const crc = crc32(data)
    const time = (at.getHours() << 11) | (at.getMinutes() << 5) | (at.getSeconds() >> 1)
    const date = ((Math.max(1980, at.getFullYear()) - 1980) << 9) | ((at.getMonth() + 1) << 5) | at.getDate()
    const common = (v: DataView, o: number): void => {
      v.setUint16(o, 20, true) // version 2.0
      v.setUint16(o + 2, 0x800, true) // names in UTF-8
      v.setUint16(o + 4, 0, true) // stored
      v.setUint16(o + 6, time, true)
      v.setUint16(o + 8, date, true)
      v.setUint32(o + 10, crc, true)
      v.setUint32(o + 14, data.length, true)
      v.setUint32(o + 18, data.length, true)
      v.setUint16(o + 22, text.length, true)
    }
    const head = new DataView(new ArrayBuffer(30))
    head.setUint32(0, 0x04034b50, true)
    common(head, 4)
    const entry = new DataView(new ArrayBuffer(46))
    entry.setUint32(0, 0x02014b50, true)
    entry.setUint16(4, 20, true)
    common(entry, 6)
    entry.setUint32(42, this.size, true)
    this.parts.push(head.buffer, text, new Blob([data]))
    this.directory.push(entry.buffer, text)
    this.size += 30 + text.length + data.length
    this.directorySize += 46 + text.length
    this.count++
  }

  blob(): Blob {
    const end = new DataView(new ArrayBuffer(22))
    end.setUint32(0, 0x06054b50, true)
    end.setUint16(8, this.count, true)
    end.setUint16(10, this.count, true)
    end.setUint32(12, this.directorySize, true)
    end.setUint32(16, this.size, true)
    return new Blob([...this.parts, ...this.directory, end.buffer], { type: 'application/zip' })
  }
}

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  return c
})

export function crc32(data: Uint8Array): number {
  let c = 0xffffffff
  for (const b of data) c = (table[(c ^ b) & 0xff] as number) ^ (c >>> 8)
  return (c ^ 0xffffffff) >>> 0
}
