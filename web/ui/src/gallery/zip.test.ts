// @vitest-environment node
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { crc32, Zip } from './zip'

it('computes the check sum every ZIP program does', () => {
  expect(crc32(new TextEncoder().encode('123456789')).toString(16)).toBe('cbf43926')
})

it('writes a file that another program opens, with equal names told apart', async () => {
  const z = new Zip()
  const a = new Uint8Array(5000).map((_, i) => i * 7)
  z.add('image_1.jpg', a, new Date(2026, 10, 22, 14, 5, 2))
  z.add('image_1.jpg', new TextEncoder().encode('two'), new Date(2026, 10, 22))
  z.add('Двір.jpg', new Uint8Array(0), new Date(1970, 0, 1))
  const dir = mkdtempSync(join(tmpdir(), 'zip-'))
  try {
    const file = join(dir, 'a.zip')
    writeFileSync(file, new Uint8Array(await z.blob().arrayBuffer()))
    const script = 'import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\nprint("|".join(z.namelist()))\nz.extractall(sys.argv[2])\nprint(z.getinfo("image_1.jpg").date_time)'
    const out = execFileSync('python3', ['-c', script, file, dir], { encoding: 'utf8', env: { ...process.env, PYTHONIOENCODING: 'utf-8', PYTHONUTF8: '1' } })
    expect(out.split('\n')[0]).toBe('image_1.jpg|image_1 (2).jpg|Двір.jpg')
    expect(out).toContain('(2026, 11, 22, 14, 5, 2)')
    expect(new Uint8Array(readFileSync(join(dir, 'image_1.jpg')))).toEqual(a)
  } finally {
    rmSync(dir, { recursive: true })
  }
})
