// Starts the built program's demo for a test and ends it again.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..')
export const bin = process.env.SIGHTLINE_BIN ?? join(root, 'bin/sightline')
export const output = process.env.TEST_OUTPUT ?? join(root, 'test-output/e2e')
mkdirSync(output, { recursive: true })

/** storeArgs chooses the store of this run. Each test file has a Redis database of its own, so that none finds another's accounts. */
export function storeArgs(database) {
  const url = process.env.E2E_STORE
  return url ? ['--store', url.replace(/\/\d*$/, `/${database}`)] : []
}

/** startDemo resolves to what demo.json says once all six cameras are live, with stop() added. */
export async function startDemo(database) {
  const data = mkdtempSync(join(tmpdir(), 'sightline-e2e-'))
  const child = spawn(bin, ['demo', '--data', data, ...storeArgs(database)], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stdout.on('data', b => { said += b })
  child.stderr.on('data', b => { said += b })
  const ended = new Promise(resolve => child.once('exit', resolve))
  const file = join(data, 'demo.json')
  for (let i = 0; !existsSync(file); i++) {
    if (child.exitCode !== null || i > 1800) throw new Error(`the demo did not start:\n${said}`)
    await new Promise(r => setTimeout(r, 100))
  }
  return {
    ...JSON.parse(readFileSync(file, 'utf8')),
    async stop() {
      child.kill('SIGTERM')
      await ended
      rmSync(data, { recursive: true, force: true })
    },
  }
}
