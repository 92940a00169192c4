// axe(page) runs axe-core in a page and returns its violations as short lines;
// none means that it found nothing wrong. The page's own policy refuses added
// script tags and eval, so the source is evaluated by the debugger protocol.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export async function axe(page, options = {}) {
  const session = await page.context().newCDPSession(page)
  await session.send('Runtime.evaluate', { expression: source })
  const call = `axe.run(document, ${JSON.stringify({ resultTypes: ['violations'], ...options })}).then(r => r.violations)`
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', { expression: call, awaitPromise: true, returnByValue: true })
  await session.detach()
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
  return result.value.map(v => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.map(n => `${n.target.join(' ')} ${n.failureSummary ?? ''}`).join(' | ')}`)
}
